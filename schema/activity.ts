import type { Prisma } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { parseId, uuidOf } from '../server/ids.ts';
import { visible, type Person, type Viewer } from '../server/policy.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { bigNumber, page } from './connection.ts';
import { Event, EventKind } from './event.ts';
import {
  DateTimeFilter,
  enumFilter,
  filterType,
  IdFilter,
  matching,
  onColumn,
  onReference,
} from './filters.ts';

const EventKindFilter = enumFilter('EventKindFilter', EventKind, 'Which kinds');

const ActivityFilter = filterType('ActivityFilter', 'Which events', (t) => ({
  kind: t.field({ type: EventKindFilter, description: 'By what happened.' }),
  at: t.field({ type: DateTimeFilter, description: 'By when it happened.' }),
  team: t.field({ type: IdFilter, description: 'By the team whose members read of it.' }),
  actor: t.id({ description: 'What this person did; nothing where the viewer may not see them.' }),
  subject: t.id({
    description: 'What befell this object, of whichever type, also where it is gone.',
  }),
}));

type ActivityFilter = typeof ActivityFilter.$inferInput;

/** The most conversations whose events are looked for. */
const MOST_CONVERSATIONS = 1000;

async function conversationsOf(db: Database, { userId }: Person): Promise<string[]> {
  const participations = await db.conversationParticipant.findMany({
    where: { userId },
    orderBy: { conversation: { updatedAt: 'desc' } },
    take: MOST_CONVERSATIONS,
    select: { conversationId: true },
  });
  return participations.map(({ conversationId }) => conversationId);
}

/** The people whom a filter names, at whichever depth. */
function actorsIn(filter: ActivityFilter | null | undefined): string[] {
  if (!filter) return [];
  const { actor, and, or, not } = filter;
  const inner = [...(and ?? []), ...(or ?? []), not].flatMap(actorsIn);
  return actor == null ? inner : [uuidOf('User', actor, 'filter.actor'), ...inner];
}

/** Those of them whom the viewer may see as somebody whom an event names. */
async function seenActors(db: Database, viewer: Viewer, actors: readonly string[]): Promise<Set<string>> {
  if (actors.length === 0) return new Set();
  const where = { id: { in: [...new Set(actors)] }, AND: visible.named(viewer) };
  const seen = await db.user.findMany({ where, select: { id: true } });
  return new Set(seen.map(({ id }) => id));
}

/** What Prisma must look for to find the events that a viewer may read of and a filter describes. */
async function wantedEvents(
  { db, viewer }: Context,
  filter: ActivityFilter | null | undefined,
): Promise<Prisma.EventWhereInput> {
  const [conversations, actors] = await Promise.all([
    conversationsOf(db, viewer),
    seenActors(db, viewer, actorsIn(filter)),
  ]);
  const wanted = matching(
    filter,
    {
      kind: onColumn('kind'),
      at: onColumn('at'),
      team: onReference('teamId', 'Team', {
        nullable: true,
        seen: { teamId: { in: [...viewer.teams.keys()] } },
      }),
      actor: (id, path) => {
        const uuid = uuidOf('User', id, path);
        return [actors.has(uuid) ? isExactly('actorId', uuid) : { sequence: { in: [] } }];
      },
      subject: (id) => [isExactly('subjectId', parseId(id).uuid)],
    },
    'sequence',
  );
  return { AND: [visible.event(viewer, conversations), wanted] };
}

/** True or false of every event, also of those without a value, so that `not` works. */
function isExactly(column: 'actorId' | 'subjectId', uuid: string): Prisma.EventWhereInput {
  return { AND: [{ [column]: { not: null } }, { [column]: uuid }] };
}

builder.queryField('activity', (t) =>
  t.connection(
    {
      type: Event,
      description:
        'What happened, the latest first: in the viewer’s teams, to tasks shared with them, in their 1,000 latest active conversations, and what they did or were concerned by elsewhere. Administrators read the audit trail of everybody besides: sign-ins, refused access, use of tokens, changed roles.',
      args: { filter: t.arg({ type: ActivityFilter, description: 'Only these.' }) },
      resolve: async (_root, { filter, ...args }, context) => {
        const { db } = context;
        const events = page(args, [{ field: 'sequence', value: bigNumber, unique: true, direction: 'desc' }]);
        const wanted = await wantedEvents(context, filter);
        const rows = await db.event.findMany({
          where: { AND: [wanted, events.where] },
          orderBy: events.orderBy,
          take: events.take,
        });
        return { ...events.connection(rows), totalCount: () => db.event.count({ where: wanted }) };
      },
    },
    { description: 'A page of events.' },
    { description: 'An event at its place of the log.' },
  ),
);
