import { batched, sharedTask } from './machinery/loaders.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Event as EventRow, EventSourceKind as SourceKind } from '../prisma/generated/client/client.ts';
import { runsById, type KnownRun } from '../server/log/agent-run.ts';
import {
  changesOf,
  EVENTS,
  taskIdOf,
  traitsOf,
  type EventChange,
  type LoggedKind,
} from '../server/log/catalogue.ts';
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
  description: 'Type of an event.',
  values: Object.fromEntries(
    (Object.entries(EVENTS) as [LoggedKind, { description: string }][]).map(([kind, { description }]) => [
      kind.replaceAll(/[A-Z]/g, '_$&').replace('.', '_').toUpperCase(),
      { value: kind, description },
    ]),
  ),
});

const Change = builder.objectRef<EventChange>('EventChange').implement({
  description: 'A changed value.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'Name of the field, such as `status`.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'Previous value as text. Null if there was none, or it is not in the log.',
    }),
    after: t.exposeString('after', {
      nullable: true,
      description: 'New value as text. Null if there is none, or it is not in the log.',
    }),
    beforeObject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description:
        'The previous owner, assignee or team. Null for other fields, if there was none, or if the viewer cannot see it.',
      resolve: ({ named }, _args, context, info) =>
        namedObject(context, info, named?.type, named?.before ?? null),
    }),
    afterObject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description: 'The new owner, assignee or team. Null under the same conditions as `beforeObject`.',
      resolve: ({ named }, _args, context, info) =>
        namedObject(context, info, named?.type, named?.after ?? null),
    }),
  }),
});

interface RefusalData {
  code: string;
  operation: string;
  times?: number;
}

const Refusal = builder.objectRef<RefusalData>('Refusal').implement({
  description: 'A refused request.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Error code, as in `extensions.code`.' }),
    operation: t.exposeString('operation', {
      description: 'Root field of the request, or `apiToken` for an expired token.',
    }),
    times: t.int({
      description:
        'Number of refusals. The first 50 per minute for one person and operation have their own events; the rest of that minute is combined into one event.',
      resolve: ({ times }) => times ?? 1,
    }),
  }),
});

export const EventSourceKind = builder.enumType('EventSourceKind', {
  description: 'Kind of credential that a program uses.',
  values: {
    API_TOKEN: { description: 'A token that the person created in the settings.' },
    APPLICATION: { description: 'A program that the person allowed access to the account.' },
    ASSISTANT: { description: 'The assistant, in the person’s conversation with it.' },
  } satisfies Record<SourceKind, object>,
});

interface Source {
  run: KnownRun;
  isApproved: boolean;
}

/** A question, so that subscribers can share a payload. */
function isOwn(context: Context, { userId }: KnownRun): boolean | Promise<boolean> {
  return context.asks(({ viewer }) => viewer.ownId === userId);
}

export const EventSource = builder.objectRef<Source>('EventSource').implement({
  description: 'The program that made a change, with the rights of the actor.',
  fields: (t) => ({
    kind: t.field({
      type: EventSourceKind,
      description: 'Kind of the program’s credential.',
      resolve: ({ run }) => run.kind,
    }),
    name: t.string({
      nullable: true,
      description:
        'Name of the application, or of the API token, also after it was revoked; `Assistant` for the assistant. Null for the API token of another person.',
      resolve: async ({ run }, _args, context) =>
        run.kind !== 'API_TOKEN' || (await isOwn(context, run)) ? run.name : null,
    }),
    run: t.string({
      nullable: true,
      description:
        'The run id that the program sent, as the header `Taskwire-Run`; for the assistant, the id of the message that it replied to. Null without one, and for programs of other people.',
      resolve: async ({ run }, _args, context) =>
        run.run !== null && (await isOwn(context, run)) ? run.run : null,
    }),
    isApproved: t.exposeBoolean('isApproved', {
      description: 'Whether the program asked for the change, and the actor approved it.',
    }),
  }),
});

export const Event = builder.objectRef<EventRow>('Event').implement({
  description:
    'An entry of the event log. Related objects are returned in their current state, and are null if the viewer cannot see them.',
  fields: (t) => ({
    id: t.id({
      description: 'Unique id of the event. `node` does not accept it.',
      // PostgreSQL reuses sequence numbers that were lost in a failover.
      resolve: ({ sequence, nonce }) =>
        nonce === null ? String(sequence) : `${sequence}-${nonce.toString(36)}`,
    }),
    cursor: t.string({
      description: 'Log cursor after this event.',
      resolve: ({ transactionId, sequence, nonce }, _args, { db }) =>
        encodeCursor(db, { transactionId, sequence, nonce }),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'Time of the event.' }),
    kind: t.field({
      type: EventKind,
      description: 'Kind of the event.',
      resolve: ({ kind }) => kind as LoggedKind,
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description:
        'The person who caused the event. Null if no one was signed in, or the viewer can no longer see them.',
      resolve: ({ actorId }, _args, context, info) => namedObject(context, info, 'User', actorId),
    }),
    through: t.field({
      type: EventSource,
      nullable: true,
      description:
        'The program through which the actor made the change. Null for changes in a session, such as those on the dashboard.',
      resolve: async ({ runId, approvalId }, _args, context, info) => {
        if (runId === null) return null;
        const run = await batched(context, info, runId, (ids) => runsById(context.db, ids));
        return run ? { run, isApproved: approvalId !== null } : null;
      },
    }),
    person: t.field({
      type: User,
      nullable: true,
      description:
        'Another person concerned, such as the receiver of a share. Null under the same conditions as `actor`.',
      resolve: ({ personId }, _args, context, info) => namedObject(context, info, 'User', personId),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      description:
        'The team of the event; its members can read the event. Null if there is none, or the viewer is not a member.',
      resolve: ({ teamId }, _args, context, info) => namedObject(context, info, 'Team', teamId),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description:
        'The task concerned, directly or through a share or comment. Null if there is none that the viewer can see.',
      resolve: (event, _args, context, info) => {
        const id = taskIdOf(event);
        if (id === null || info.operation.operation !== 'subscription')
          return namedObject(context, info, 'Task', id);
        return sharedTask(context, id, queryFromInfo({ context, info, typeName: 'Task' }));
      },
    }),
    subject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description:
        'The object concerned; its type depends on `kind`. Null if it was deleted, or the viewer can no longer see it.',
      resolve: ({ kind, subjectId }, _args, context, info) =>
        namedObject(context, info, traitsOf(kind).subject, subjectId),
    }),
    changes: t.field({
      type: [Change],
      description: 'Changed values that the log keeps, at most 10. Empty for creations and deletions.',
      resolve: ({ kind, data }) => changesOf(kind as LoggedKind, data),
    }),
    refusal: t.field({
      type: Refusal,
      nullable: true,
      description: 'Details of a refused request. Null for every kind except ACCESS_REFUSED.',
      resolve: ({ kind, data }) => (kind === 'access.refused' ? (data as unknown as RefusalData) : null),
    }),
  }),
});

/** Loads an object that an event or a trashed task names, in one statement per type for all of a list. */
export async function namedObject(
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
