import { poolStatus, type PoolStatus } from '../server/database/client.ts';
import { Forbidden } from '../server/errors.ts';
import type { PerformanceStore, SlowOperation } from '../server/observability/store.ts';
import type { Histogram } from '../server/observability/histogram.ts';
import { logLags, type LogLag } from '../server/sql/log-lag.ts';
import { builder } from './machinery/builder.ts';

const MOST_ROWS = 100;
const MOST_SLOW = 20;

interface Named {
  name: string;
  operation: string | null;
  histogram: Histogram;
}

const Durations = builder.objectRef<Histogram>('Durations').implement({
  description: 'How long something took, in milliseconds, over many times. Quantiles are at most 5 % off.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'How many times it was measured.' }),
    total: t.exposeFloat('total', { description: 'The sum of all times.' }),
    average: t.float({
      description: 'The total by the count; 0 where there is none.',
      resolve: ({ total, count }) => (count === 0 ? 0 : total / count),
    }),
    p50: t.float({ description: 'Half took at most this.', resolve: (histogram) => histogram.quantile(0.5) }),
    p95: t.float({
      description: '95 % took at most this.',
      resolve: (histogram) => histogram.quantile(0.95),
    }),
    p99: t.float({
      description: '99 % took at most this.',
      resolve: (histogram) => histogram.quantile(0.99),
    }),
    longest: t.exposeFloat('longest', { description: 'The longest of all.' }),
  }),
});

const MeasuredThing = builder.objectRef<Named>('MeasuredThing').implement({
  description: 'An operation, a field or an SQL statement, with how long it took.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'An operation’s own name, or its root fields; `Type.field`; a statement’s label. The server keeps 500 operation names, at most 50 of those that one person brought in; `(others)` stands for the rest.',
    }),
    operation: t.exposeString('operation', {
      nullable: true,
      description: 'For whose sake a statement ran; null for operations and fields.',
    }),
    durations: t.expose('histogram', { type: Durations, description: 'Its times.' }),
  }),
});

const SlowOperationRef = builder.objectRef<SlowOperation>('SlowOperation').implement({
  description: 'One run of an operation that took longer than SLOW_MS; in milliseconds.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When it ended.' }),
    requestId: t.exposeString('id', { description: 'As in its answer’s `X-Request-Id`, and in the log.' }),
    operation: t.string({
      description: 'Its name, or its root fields.',
      resolve: ({ operation }) => operation ?? '',
    }),
    took: t.exposeFloat('took', { description: 'From the start of the request to the result.' }),
    parse: t.exposeFloat('parse', { description: 'Of that, for reading the document.' }),
    validate: t.exposeFloat('validate', { description: 'Of that, for holding it to the schema.' }),
    execute: t.exposeFloat('execute', { description: 'Of that, for resolvers, their statements included.' }),
    sql: t.exposeFloat('sql', {
      description: 'The sum of its statements; more than `execute` where some ran side by side.',
    }),
    statements: t.exposeInt('statements', { description: 'How many statements it sent.' }),
  }),
});

const Pool = builder.objectRef<PoolStatus>('DatabasePool').implement({
  description: 'How busy this server’s connections to PostgreSQL are.',
  fields: (t) => ({
    size: t.exposeInt('size', { description: 'The most that it opens: DATABASE_POOL_SIZE.' }),
    open: t.exposeInt('open', { description: 'Open now.' }),
    idle: t.exposeInt('idle', { description: 'Of those, doing nothing.' }),
    waiting: t.exposeInt('waiting', { description: 'Queries that no connection is free for.' }),
  }),
});

const Lag = builder.objectRef<LogLag>('LogLag').implement({
  description: 'What of the log nobody reads yet, because an earlier transaction is still under way.',
  fields: (t) => ({
    events: t.exposeInt('events', { description: 'How many events.' }),
    seconds: t.exposeFloat('seconds', {
      description: 'The age of the oldest of them; 0 where there is none.',
    }),
  }),
});

const ErrorCount = builder.objectRef<{ code: string; count: number }>('ErrorCount').implement({
  description: 'How often callers got an error.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'As in `extensions.code`.' }),
    count: t.exposeInt('count', { description: 'How many times.' }),
  }),
});

const most = `The ${MOST_ROWS} that took most time in all, that one first.`;

const Performance = builder.objectRef<PerformanceStore>('Performance').implement({
  description:
    'What this server process has done since it started. Each process of several counts for itself.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'When it started.' }),
    operations: t.field({
      type: [MeasuredThing],
      description: `Operations, from the start of the request to the result. ${most}`,
      resolve: ({ operations }) =>
        heaviest([...operations].map(([name, histogram]) => ({ name, operation: null, histogram }))),
    }),
    fields: t.field({
      type: [MeasuredThing],
      description: `Resolvers of the operations in the sample (TRACE_SAMPLE_RATE), what they wait for included. ${most}`,
      resolve: ({ fields }) =>
        heaviest([...fields].map(([name, histogram]) => ({ name, operation: null, histogram }))),
    }),
    statements: t.field({
      type: [MeasuredThing],
      description: `SQL statements by label and operation. ${most}`,
      resolve: ({ statementsOfOperations }) =>
        heaviest(
          [...statementsOfOperations.values()].map(({ label, operation, histogram }) => ({
            name: label,
            operation,
            histogram,
          })),
        ),
    }),
    slowest: t.field({
      type: [SlowOperationRef],
      description: `Of the last 100 operations that took longer than SLOW_MS, the ${MOST_SLOW} slowest, the worst first.`,
      resolve: ({ slow }) => slow.toSorted((a, b) => b.took - a.took).slice(0, MOST_SLOW),
    }),
    errors: t.field({
      type: [ErrorCount],
      description: 'Errors that callers got, one row for each code.',
      resolve: ({ errors }) => [...errors].map(([code, count]) => ({ code, count })),
    }),
    pool: t.field({
      type: Pool,
      description: 'The connections to PostgreSQL, as they are now.',
      resolve: (_performance, _args, { db }) => poolStatus(db),
    }),
    logLag: t.field({
      type: Lag,
      description: 'How far the readers of the log are behind, at this moment.',
      resolve: async (_performance, _args, { db }) => (await logLags(db)).log,
    }),
  }),
});

function heaviest(all: Named[]): Named[] {
  return all.sort((a, b) => b.histogram.total - a.histogram.total).slice(0, MOST_ROWS);
}

builder.queryField('performance', (t) =>
  t.field({
    type: Performance,
    description: 'Where this server’s time goes. For administrators (ADMIN_EMAILS); others get FORBIDDEN.',
    resolve: (_root, _args, { viewer, performance }) => {
      if (!viewer.isAdmin) {
        throw new Forbidden('Only administrators see how the server performs; ADMIN_EMAILS names them.');
      }
      return performance;
    },
  }),
);
