import type { Prisma } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { Forbidden } from '../server/errors.ts';
import { parseId, uuidOf } from '../server/ids.ts';
import type { Viewer } from '../server/policy.ts';
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

const EventKindFilter = enumFilter('EventKindFilter', EventKind, 'Filters by kind');

const ActivityFilter = filterType('ActivityFilter', 'Filters events', (t) => ({
  kind: t.field({ type: EventKindFilter, description: 'By kind.' }),
  at: t.field({ type: DateTimeFilter, description: 'By time.' }),
  team: t.field({ type: IdFilter, description: 'By team.' }),
  actor: t.id({ description: 'By actor. Matches nothing if the viewer cannot see this person.' }),
  subject: t.id({
    description: 'Events about this object, even if it was deleted.',
  }),
  task: t.id({
    description: 'Events about this task, its comments, its shares and their offers, even if it was deleted.',
  }),
}));

type ActivityFilter = typeof ActivityFilter.$inferInput;

const MOST_CONVERSATIONS = 1000;

/** Limits the cost of a count. */
const MOST_COUNTED = 1_000;

async function conversationsOf(db: Database, { ownId }: Viewer): Promise<string[]> {
  const participations = await db.conversationParticipant.findMany({
    where: { userId: ownId },
    orderBy: { conversation: { updatedAt: 'desc' } },
    take: MOST_CONVERSATIONS,
    select: { conversationId: true },
  });
  return participations.map(({ conversationId }) => conversationId);
}

/** The ids of the actors in a filter, at any depth. */
function actorsIn(filter: ActivityFilter | null | undefined): string[] {
  if (!filter) return [];
  const { actor, and, or, not } = filter;
  const inner = [...(and ?? []), ...(or ?? []), not].flatMap(actorsIn);
  return actor == null ? inner : [uuidOf('User', actor, 'filter.actor'), ...inner];
}

/** The ids of the subjects in a filter, at any depth. */
function subjectsIn(filter: ActivityFilter | null | undefined): string[] {
  if (!filter) return [];
  const { subject, task, and, or, not } = filter;
  const inner = [...(and ?? []), ...(or ?? []), not].flatMap(subjectsIn);
  const own = [subject, task].filter((id) => id != null).map((id) => parseId(id).uuid);
  return [...own, ...inner];
}

/** The events that match a filter, as a Prisma condition, regardless of who may read them. */
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
      task: (id, path) => {
        const uuid = uuidOf('Task', id, path);
        return [{ OR: [isExactly('subjectId', uuid), isExactly('taskId', uuid)] }];
      },
    },
    'sequence',
  );
}

/** True or false for every event, also for null values, so that `not` works. */
function isExactly(column: 'actorId' | 'subjectId' | 'taskId', uuid: string): Prisma.EventWhereInput {
  return { AND: [{ [column]: { not: null } }, { [column]: uuid }] };
}

builder.queryField('activity', (t) =>
  t.connection(
    {
      type: Event,
      description:
        'Events, newest first. Includes events of the viewer’s teams, of the 1,000 newest tasks shared with them and of their 1,000 most recently active conversations, and other events in which they are the actor or `person`. Administrators also see the audit trail of all accounts: sign-ins, refused access, token use and role changes. To read the events of an older shared task, filter by `subject`. `totalCount` counts at most 1,000.',
      args: {
        filter: t.arg({ type: ActivityFilter, description: 'Filter conditions.' }),
        audit: t.arg.boolean({
          description:
            'True for the audit trail of all accounts only; FORBIDDEN unless the viewer is an administrator. False for events without it. By default administrators get both.',
        }),
      },
      resolve: async (_root, { filter, audit, ...args }, context) => {
        const { db, viewer } = context;
        if (audit && !viewer.isAdmin) throw new Forbidden('Only administrators can read the audit trail.');
        const events = page(args, [{ field: 'sequence', value: bigNumber, unique: true, direction: 'desc' }]);
        const [conversationIds, wanted] = await Promise.all([
          conversationsOf(db, viewer),
          described(context, filter),
        ]);
        const reader = { viewer, conversationIds };
        const subjects = subjectsIn(filter);
        const found = await findEvents(db, reader, {
          subjects,
          audit,
          where: { AND: [wanted, events.where] },
          oldestFirst: events.orderBy[0]?.['sequence'] === 'asc',
          limit: events.take,
        });
        const rows = await db.event.findMany({
          where: { sequence: { in: found } },
          orderBy: events.orderBy,
        });
        let counted: Promise<number> | undefined;
        const total = () =>
          (counted ??= countEvents(db, reader, { where: wanted, subjects, audit }, MOST_COUNTED + 1));
        return {
          ...events.connection(rows),
          totalCount: async () => Math.min(await total(), MOST_COUNTED),
          isTotalCountExact: async () => (await total()) <= MOST_COUNTED,
        };
      },
    },
    { description: 'A page of events.' },
    { description: 'An edge in a page of events.' },
  ),
);
