import { batched, sharedTask } from './machinery/loaders.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Event as EventRow } from '../prisma/generated/client/client.ts';
import { changesOf, EVENTS, traitsOf, type EventChange, type LoggedKind } from '../server/log/catalogue.ts';
import { encodeCursor } from '../server/log/cursor.ts';
import type { IdType } from '../server/ids.ts';
import { namedPeople } from '../server/sql/visible-users.ts';
import { builder } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { findVisible } from './machinery/nodes.ts';
import { Task } from './task.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

export const EventKind = builder.enumType('EventKind', {
  description: 'What happened.',
  values: Object.fromEntries(
    (Object.entries(EVENTS) as [LoggedKind, { description: string }][]).map(([kind, { description }]) => [
      kind.replaceAll(/[A-Z]/g, '_$&').replace('.', '_').toUpperCase(),
      { value: kind, description },
    ]),
  ),
});

const Change = builder.objectRef<EventChange>('EventChange').implement({
  description: 'One thing that changed.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'What changed, by the name of the field, like `status`.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'What it was, as text; null where there was nothing, or the log does not say.',
    }),
    after: t.exposeString('after', {
      nullable: true,
      description: 'What it became, as text; null where nothing is left, or the log does not say.',
    }),
  }),
});

interface RefusalData {
  code: string;
  operation: string;
  times?: number;
}

const Refusal = builder.objectRef<RefusalData>('Refusal').implement({
  description: 'How somebody was refused.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'As the error’s `extensions.code` said it.' }),
    operation: t.exposeString('operation', {
      description: 'Which root field it was; `apiToken` for a token that has run out.',
    }),
    times: t.int({
      description:
        'How often. The first 50 in a minute of one person by one operation are told one by one, the rest of that minute in one event.',
      resolve: ({ times }) => times ?? 1,
    }),
  }),
});

export const Event = builder.objectRef<EventRow>('Event').implement({
  description:
    'Something that happened, as the log tells it for good. What it names is read as it is now, as far as the viewer may see it.',
  fields: (t) => ({
    id: t.id({
      description: 'Tells it from every other event; `node` does not find it.',
      // Numbers of events that PostgreSQL lost in a failover are given out again.
      resolve: ({ sequence, nonce }) =>
        nonce === null ? String(sequence) : `${sequence}-${nonce.toString(36)}`,
    }),
    cursor: t.string({
      description: 'The log’s position after it.',
      resolve: ({ transactionId, sequence, nonce }, _args, { db }) =>
        encodeCursor(db, { transactionId, sequence, nonce }),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    kind: t.field({
      type: EventKind,
      description: 'What happened.',
      resolve: ({ kind }) => kind as LoggedKind,
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Who did it; null where nobody was signed in, or the viewer may not see them now.',
      resolve: ({ actorId }, _args, context, info) => reRead(context, info, 'User', actorId),
    }),
    person: t.field({
      type: User,
      nullable: true,
      description: 'Whom it concerns besides, like the one a task was shared with; null as for `actor`.',
      resolve: ({ personId }, _args, context, info) => reRead(context, info, 'User', personId),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      description: 'The team whose members read of it; null where there is none that the viewer is in now.',
      resolve: ({ teamId }, _args, context, info) => reRead(context, info, 'Team', teamId),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description:
        'The task that it is about, also by way of a share or a comment; null where there is none that the viewer may see now.',
      resolve: (event, _args, context, info) => {
        const id = taskIdOf(event);
        if (id === null || info.operation.operation !== 'subscription')
          return reRead(context, info, 'Task', id);
        return sharedTask(context, id, queryFromInfo({ context, info, typeName: 'Task' }));
      },
    }),
    subject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description:
        'What it is about; its type follows from the kind. Null where it is gone, or the viewer may not see it now.',
      resolve: ({ kind, subjectId }, _args, context, info) =>
        reRead(context, info, traitsOf(kind).subject, subjectId),
    }),
    changes: t.field({
      type: [Change],
      description:
        'What changed, as far as the log keeps it: at most 10, and none where something came or went.',
      resolve: ({ kind, data }) => changesOf(kind as LoggedKind, data),
    }),
    refusal: t.field({
      type: Refusal,
      nullable: true,
      description: 'How somebody was refused; null for every kind but ACCESS_REFUSED.',
      resolve: ({ kind, data }) => (kind === 'access.refused' ? (data as unknown as RefusalData) : null),
    }),
  }),
});

function taskIdOf({ kind, subjectId, data }: EventRow): string | null {
  if (traitsOf(kind).subject === 'Task') return subjectId;
  return (data as { taskId?: string }).taskId ?? null;
}

/** Reads an object that an event names together with those that its siblings name, in one statement for each type. */
async function reRead(
  context: Context,
  info: GraphQLResolveInfo,
  type: IdType | undefined,
  id: string | null,
): Promise<{ id: string } | null> {
  if (type === undefined || id === null) return null;
  const selection = queryFromInfo({ context, info, typeName: type });
  const found = await batched(context, info, `${type} ${id}`, async (keys) => {
    const byType = Map.groupBy(
      keys.map((key) => key.split(' ') as [IdType, string]),
      ([wanted]) => wanted,
    );
    const rows = await Promise.all(
      [...byType].map(async ([wanted, named]) => {
        const ids = named.map(([, each]) => each);
        const own = wanted === type ? { selection } : {};
        const rowsById = await findVisible(wanted, ids, context, info, { ...own, usersOf: namedPeople });
        return [...rowsById].map(([rowId, row]) => [`${wanted} ${rowId}`, row] as const);
      }),
    );
    return new Map(rows.flat());
  });
  return found ?? null;
}
