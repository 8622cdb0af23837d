import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Prisma } from '../prisma/generated/client/client.ts';
import type { Context } from '../server/graphql/context.ts';
import { PERSONAL } from '../server/log/catalogue.ts';
import { visible, type Viewer } from '../server/policy.ts';
import {
  countRunEvents,
  extentsOf,
  findRunEvents,
  MOST_COUNTED,
  type RunExtent,
} from '../server/sql/agent-runs.ts';
import { builder } from './machinery/builder.ts';
import { bigNumber, moment, page } from './machinery/connection.ts';
import { batched } from './machinery/loaders.ts';
import { Event, EventSource, EventSourceKind } from './event.ts';

export const AgentRun = builder.prismaNode('AgentRun', {
  description:
    'What a program did through one credential of the viewer: under one run id, or without a run id on one day (UTC). It is kept as long as its events, also after the credential is revoked.',
  id: { field: 'id', description: 'Starts with `run_`. This is not the run id that the program sent.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.agentRun(viewer) }),
  select: { id: true },
  fields: (t) => ({
    kind: t.expose('kind', { type: EventSourceKind, description: 'Kind of the program’s credential.' }),
    name: t.exposeString('name', { description: 'Name of the API token or the application.' }),
    run: t.exposeString('run', {
      nullable: true,
      description: 'The run id that the program sent. Null for all changes of a day without one.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      description: 'Time of the first change that it asked for.',
    }),
    lastEventAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Time of its last event. Null if it has none, because every request failed.',
      select: { id: true },
      resolve: async ({ id }, _args, context, info) => (await extentOf(context, info, id)).lastAt,
    }),
    eventCount: t.int({
      description: `Number of its events, counted up to ${MOST_COUNTED.toLocaleString('en')}.`,
      select: { id: true },
      resolve: async ({ id }, _args, context, info) =>
        Math.min((await extentOf(context, info, id)).events, MOST_COUNTED),
    }),
    undoneAt: t.expose('undoneAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last undone. Null if it was not.',
    }),
    events: t.connection(
      {
        type: Event,
        description: `Its events that the viewer can still see, newest first. \`totalCount\` counts at most ${MOST_COUNTED.toLocaleString('en')}.`,
        resolve: async ({ id }, args, context, info) => {
          const { db, viewer } = context;
          const readable = readableBy(viewer);
          const events = page(args, [
            { field: 'sequence', value: bigNumber, unique: true, direction: 'desc' },
          ]);
          const rows = await batched(context, info, id, async (ids) => {
            const found = await findRunEvents(db, ids, {
              where: { AND: [readable, events.where] },
              oldestFirst: events.orderBy[0]?.['sequence'] === 'asc',
              limit: events.take,
            });
            const all = await db.event.findMany({ where: { sequence: { in: [...found.values()].flat() } } });
            const bySequence = new Map(all.map((event) => [event.sequence, event]));
            const eventsOf = (sequences: bigint[]) => sequences.flatMap((one) => bySequence.get(one) ?? []);
            return new Map([...found].map(([run, sequences]) => [run, eventsOf(sequences)]));
          });
          const count = (ids: readonly string[]) => countRunEvents(db, ids, readable);
          const total = async () => (await batched(context, info, id, count, 'count')) ?? 0;
          return {
            ...events.connection(rows ?? []),
            totalCount: async () => Math.min(await total(), MOST_COUNTED),
            isTotalCountExact: async () => (await total()) <= MOST_COUNTED,
          };
        },
      },
      { description: 'A page of events of a run.' },
      { description: 'An edge in a page of events of a run.' },
    ),
  }),
});

/** `seesEvent` for the events that a person made. */
function readableBy({ ownId, teams }: Viewer): Prisma.EventWhereInput {
  return {
    OR: [
      { teamId: null },
      { teamId: { in: [...teams.keys()] } },
      { AND: [{ personId: ownId }, { kind: { in: [...PERSONAL] } }] },
    ],
  };
}

async function extentOf(context: Context, info: GraphQLResolveInfo, id: string): Promise<RunExtent> {
  const extent = await batched(context, info, id, (ids) => extentsOf(context.db, ids));
  return extent ?? { lastAt: null, events: 0 };
}

builder.objectField(EventSource, 'agentRun', (t) =>
  t.field({
    type: AgentRun,
    nullable: true,
    description: 'All changes of the run. Null for programs of other people.',
    resolve: async ({ run }, _args, context, info) => {
      const query = queryFromInfo({ context, info });
      const found = await batched(context, info, run.id, async (ids) => {
        const where = { id: { in: [...ids] }, AND: visible.agentRun(context.viewer) };
        const rows = await context.db.agentRun.findMany({ ...query, where });
        return new Map(rows.map((row) => [row.id, row]));
      });
      return found ?? null;
    },
  }),
);

builder.queryField('agentRuns', (t) =>
  t.connection(
    {
      type: AgentRun,
      description: `What programs did for the viewer, newest run first. \`totalCount\` counts at most ${MOST_COUNTED.toLocaleString('en')}.`,
      resolve: async (_root, args, context, info) => {
        const { db, viewer } = context;
        const where = visible.agentRun(viewer);
        const runs = page(args, [{ field: 'startedAt', value: moment, direction: 'desc' }]);
        const selection = runs.withCursor(
          queryFromInfo({ context, info, paths: [['nodes'], ['edges', 'node']] }),
        );
        const rows = await db.agentRun.findMany({
          ...selection,
          where: { AND: [where, runs.where] },
          orderBy: runs.orderBy,
          take: runs.take,
        });
        let counted: Promise<number> | undefined;
        const total = () => (counted ??= db.agentRun.count({ where, take: MOST_COUNTED + 1 }));
        return {
          ...runs.connection(rows),
          totalCount: async () => Math.min(await total(), MOST_COUNTED),
          isTotalCountExact: async () => (await total()) <= MOST_COUNTED,
        };
      },
    },
    { description: 'A page of runs.' },
    { description: 'An edge in a page of runs.' },
  ),
);
