import type { Prisma } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { parseId, uuidOf } from '../server/ids.ts';
import type { Person } from '../server/policy.ts';
import { countEvents, findEvents } from '../server/sql/activity.ts';
import { namedPeople } from '../server/sql/visible-users.ts';
import { builder } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { bigNumber, page } from './machinery/connection.ts';
import { Event, EventKind } from './event.ts';
import {
  DateTimeFilter,
  enumFilter,
  filterType,
  IdFilter,
  matching,
  onColumn,
  onReference,
} from './machinery/filters.ts';

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

/** What a count may cost: nobody needs to know how far beyond this a log goes. */
const MOST_COUNTED = 1_000;

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

/** The objects that a filter names as subjects, at whichever depth. */
function subjectsIn(filter: ActivityFilter | null | undefined): string[] {
  if (!filter) return [];
  const { subject, and, or, not } = filter;
  const inner = [...(and ?? []), ...(or ?? []), not].flatMap(subjectsIn);
  return subject == null ? inner : [parseId(subject).uuid, ...inner];
}

/** What Prisma must look for to find the events that a filter describes, whoever may read of them. */
async function described(
  { db, viewer }: Context,
  filter: ActivityFilter | null | undefined,
): Promise<Prisma.EventWhereInput> {
  const actors = await namedPeople(db, viewer, actorsIn(filter));
  return matching(
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
        'What happened, the latest first: in the viewer’s teams, to the 1,000 newest tasks shared with them, in their 1,000 latest active conversations, and what they did or were concerned by elsewhere. Administrators read the audit trail of everybody besides: sign-ins, refused access, use of tokens, changed roles. To follow an older shared task, name it as `subject`. `totalCount` goes no further than 1,000.',
      args: { filter: t.arg({ type: ActivityFilter, description: 'Only these.' }) },
      resolve: async (_root, { filter, ...args }, context) => {
        const { db, viewer } = context;
        const events = page(args, [{ field: 'sequence', value: bigNumber, unique: true, direction: 'desc' }]);
        const [conversationIds, wanted] = await Promise.all([
          conversationsOf(db, viewer),
          described(context, filter),
        ]);
        const reader = { viewer, conversationIds };
        const subjects = subjectsIn(filter);
        const found = await findEvents(db, reader, {
          subjects,
          where: { AND: [wanted, events.where] },
          oldestFirst: events.orderBy[0]?.['sequence'] === 'asc',
          limit: events.take,
        });
        const rows = await db.event.findMany({
          where: { sequence: { in: found } },
          orderBy: events.orderBy,
        });
        return {
          ...events.connection(rows),
          totalCount: () => countEvents(db, reader, { where: wanted, subjects }, MOST_COUNTED),
        };
      },
    },
    { description: 'A page of events.' },
    { description: 'An event at its place of the log.' },
  ),
);
