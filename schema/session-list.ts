import { endOtherSessions, endSession, type SessionEnd } from '../server/auth/session-end.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';

const MOST_LISTED = 100;

const Session = builder.prismaNode('Session', {
  description: 'A browser or program that is signed in. Its token is never shown.',
  id: { field: 'id', description: 'Starts with `session_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.session(viewer) }),
  select: { id: true },
  fields: (t) => ({
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it signed in.' }),
    lastUsedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description:
        'When it was last used, to the day, where it is a browser’s; when it signed in, where it is a program’s.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When it ends by itself. Each day that a browser uses it moves that by a day.',
    }),
    address: t.string({
      nullable: true,
      description:
        'The network address it signed in from, of IPv6 the network of 64 bits; null for the server’s own machine.',
      select: { ipAddress: true },
      resolve: ({ ipAddress }) => textOf(ipAddress),
    }),
    userAgent: t.string({
      nullable: true,
      description: 'What the browser or program called itself when it signed in.',
      select: { userAgent: true },
      resolve: ({ userAgent }) => textOf(userAgent),
    }),
    isCurrent: t.boolean({
      description: 'Whether this request is part of it.',
      select: { id: true },
      resolve: ({ id }, _args, { person }) => id === person.sessionId,
    }),
  }),
});

/** Sessions of earlier versions have an empty text where nothing was known. */
function textOf(stored: string | null): string | null {
  return stored === '' ? null : stored;
}

builder.queryField('sessions', (t) =>
  t.prismaField({
    type: [Session],
    description: `The viewer’s sessions, the last used first; at most ${MOST_LISTED}.`,
    resolve: (query, _root, _args, { db, viewer }) =>
      db.session.findMany({
        ...query,
        where: { ...visible.session(viewer), expiresAt: { gt: new Date() } },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: MOST_LISTED,
      }),
  }),
);

/** Stops believing what has ended, at once in this process, and shortly in others. */
async function forgotten(end: Promise<SessionEnd>, { authServices }: Context): Promise<SessionEnd> {
  const ended = await end;
  for (const id of ended.ids) authServices.credentials.forget(id);
  return ended;
}

builder.relayMutationField(
  'endSession',
  {
    description: 'Which session ends.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Like `session_01jd…`.' }) }),
  },
  {
    description:
      'Ends one of the viewer’s sessions, with its tokens and subscriptions; the current one too, as `signOut` does. Ending it again is harmless; with an API token it is FORBIDDEN.',
    resolve: (_root, { input }, context) => forgotten(endSession(context.db, context.person, input), context),
  },
  {
    description: 'The session that has ended.',
    outputFields: (t: PayloadFields<SessionEnd>) => ({
      endedSessionId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ ids }) => publicId('Session', ids[0] ?? ''),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

const EndOtherSessionsPayload = builder.objectRef<SessionEnd>('EndOtherSessionsPayload').implement({
  description: 'How many of the viewer’s sessions are gone, and where the log stands.',
  fields: (t) => ({
    endedSessions: t.int({ description: 'How many have ended.', resolve: ({ ids }) => ids.length }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  }),
});

builder.mutationField('endOtherSessions', (t) =>
  t.field({
    type: EndOtherSessionsPayload,
    description:
      'Ends all sessions of the viewer but the current one, with their tokens and subscriptions; with an API token it is FORBIDDEN.',
    resolve: (_root, _args, context) => forgotten(endOtherSessions(context.db, context.person), context),
  }),
);
