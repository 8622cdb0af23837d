import { endOtherSessions, endSession, type SessionEnd } from '../server/auth/session-end.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';

const MOST_LISTED = 100;

const Session = builder.prismaNode('Session', {
  description: 'A signed-in browser or program. Its token is never shown.',
  id: { field: 'id', description: 'Starts with `session_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.session(viewer) }),
  select: { id: true },
  fields: (t) => ({
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Sign-in time.' }),
    lastUsedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'Last use, to the day, for browsers. Sign-in time for programs.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'Expiry. Each day of use in a browser extends it by one day.',
    }),
    address: t.string({
      nullable: true,
      description:
        'IP address at sign-in; for IPv6, the /64 network. Null if the sign-in came from the server’s own machine.',
      select: { ipAddress: true },
      resolve: ({ ipAddress }) => textOf(ipAddress),
    }),
    userAgent: t.string({
      nullable: true,
      description: 'User agent at sign-in.',
      select: { userAgent: true },
      resolve: ({ userAgent }) => textOf(userAgent),
    }),
    isCurrent: t.boolean({
      description: 'Whether the current request belongs to this session.',
      select: { id: true },
      resolve: ({ id }, _args, { person }) => id === person.sessionId,
    }),
  }),
});

/** Earlier versions stored an empty text for an unknown value. */
function textOf(stored: string | null): string | null {
  return stored === '' ? null : stored;
}

builder.queryField('sessions', (t) =>
  t.prismaField({
    type: [Session],
    description: `The viewer’s sessions, most recently used first; at most ${MOST_LISTED}.`,
    resolve: (query, _root, _args, { db, viewer }) =>
      db.session.findMany({
        ...query,
        where: { ...visible.session(viewer), expiresAt: { gt: new Date() } },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: MOST_LISTED,
      }),
  }),
);

/** Drops cached credentials: at once in this process, within seconds in others. */
async function forgetting(end: Promise<SessionEnd>, { authServices }: Context): Promise<SessionEnd> {
  const ended = await end;
  for (const id of ended.ids) authServices.credentials.forget(id);
  return ended;
}

builder.relayMutationField(
  'endSession',
  {
    description: 'Identifies the session to end.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'For example `session_01jd…`.' }) }),
  },
  {
    description:
      'Ends one of the viewer’s sessions with its tokens and subscriptions. Can also end the current session, as `signOut` does. Idempotent. With an API token it fails with FORBIDDEN.',
    resolve: (_root, { input }, context) =>
      forgetting(endSession(context.db, context.person, input), context),
  },
  {
    description: 'The result of ending a session.',
    outputFields: (t: PayloadFields<SessionEnd>) => ({
      endedSessionId: t.id({
        description: 'Id of the session, which no longer exists.',
        resolve: ({ ids }) => publicId('Session', ids[0] ?? ''),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

const EndOtherSessionsPayload = builder.objectRef<SessionEnd>('EndOtherSessionsPayload').implement({
  description: 'The result of ending the viewer’s other sessions.',
  fields: (t) => ({
    endedSessions: t.int({ description: 'Number of ended sessions.', resolve: ({ ids }) => ids.length }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  }),
});

builder.mutationField('endOtherSessions', (t) =>
  t.field({
    type: EndOtherSessionsPayload,
    description:
      'Ends all sessions of the viewer except the current one, with their tokens and subscriptions. With an API token it fails with FORBIDDEN.',
    resolve: (_root, _args, context) => forgetting(endOtherSessions(context.db, context.person), context),
  }),
);
