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
  description: 'Distribution of durations in milliseconds. Quantiles are accurate to 5 %.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'Number of measurements.' }),
    total: t.exposeFloat('total', { description: 'Sum of all durations.' }),
    average: t.float({
      description: 'Mean. 0 if there are no measurements.',
      resolve: ({ total, count }) => (count === 0 ? 0 : total / count),
    }),
    p50: t.float({ description: 'Median.', resolve: (histogram) => histogram.quantile(0.5) }),
    p95: t.float({
      description: '95th percentile.',
      resolve: (histogram) => histogram.quantile(0.95),
    }),
    p99: t.float({
      description: '99th percentile.',
      resolve: (histogram) => histogram.quantile(0.99),
    }),
    longest: t.exposeFloat('longest', { description: 'Maximum.' }),
  }),
});

const MeasuredThing = builder.objectRef<Named>('MeasuredThing').implement({
  description: 'Durations of an operation, a field or an SQL statement.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'Operation name or root fields; `Type.field`; or statement label. The server keeps 500 operation names, at most 50 per person. The rest is combined as `(others)`.',
    }),
    operation: t.exposeString('operation', {
      nullable: true,
      description: 'Operation that ran the statement. Null for operations and fields.',
    }),
    durations: t.expose('histogram', { type: Durations, description: 'Measured durations.' }),
  }),
});

const SlowOperationRef = builder.objectRef<SlowOperation>('SlowOperation').implement({
  description: 'An execution of an operation that took longer than SLOW_MS. Durations are in milliseconds.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When the operation ended.' }),
    requestId: t.exposeString('id', {
      description: 'Request id, as in the `X-Request-Id` header and the server log.',
    }),
    operation: t.string({
      description: 'Operation name or root fields.',
      resolve: ({ operation }) => operation ?? '',
    }),
    took: t.exposeFloat('took', { description: 'Total time, from the start of the request to the result.' }),
    parse: t.exposeFloat('parse', { description: 'Time spent parsing the document.' }),
    validate: t.exposeFloat('validate', { description: 'Time spent validating the document.' }),
    execute: t.exposeFloat('execute', {
      description: 'Time spent executing resolvers, including their SQL statements.',
    }),
    sql: t.exposeFloat('sql', {
      description:
        'Sum of the durations of all SQL statements. Exceeds `execute` if statements ran concurrently.',
    }),
    statements: t.exposeInt('statements', { description: 'Number of SQL statements.' }),
  }),
});

const Pool = builder.objectRef<PoolStatus>('DatabasePool').implement({
  description: 'Use of this process’s PostgreSQL connection pool.',
  fields: (t) => ({
    size: t.exposeInt('size', { description: 'Maximum number of connections (DATABASE_POOL_SIZE).' }),
    open: t.exposeInt('open', { description: 'Open connections.' }),
    idle: t.exposeInt('idle', { description: 'Open connections that are idle.' }),
    waiting: t.exposeInt('waiting', { description: 'Queries waiting for a connection.' }),
  }),
});

const Lag = builder.objectRef<LogLag>('LogLag').implement({
  description:
    'Events that log readers cannot read yet, because an earlier transaction is still in progress.',
  fields: (t) => ({
    events: t.exposeInt('events', { description: 'Number of events.' }),
    seconds: t.exposeFloat('seconds', {
      description: 'Age of the oldest event. 0 if there is none.',
    }),
  }),
});

const ErrorCount = builder.objectRef<{ code: string; count: number }>('ErrorCount').implement({
  description: 'Number of errors with one code.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Error code, as in `extensions.code`.' }),
    count: t.exposeInt('count', { description: 'Number of errors.' }),
  }),
});

const most = `The ${MOST_ROWS} with the highest total time, highest first.`;

const Performance = builder.objectRef<PerformanceStore>('Performance').implement({
  description: 'Performance of this server process since it started. Each process has its own numbers.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'Start time of the process.' }),
    operations: t.field({
      type: [MeasuredThing],
      description: `Operations, measured from the start of the request to the result. ${most}`,
      resolve: ({ operations }) =>
        heaviest([...operations].map(([name, histogram]) => ({ name, operation: null, histogram }))),
    }),
    fields: t.field({
      type: [MeasuredThing],
      description: `Resolvers of sampled operations (TRACE_SAMPLE_RATE), including the time they wait. ${most}`,
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
      description: `The ${MOST_SLOW} slowest of the last 100 operations that took longer than SLOW_MS, slowest first.`,
      resolve: ({ slow }) => slow.toSorted((a, b) => b.took - a.took).slice(0, MOST_SLOW),
    }),
    errors: t.field({
      type: [ErrorCount],
      description: 'Errors returned to clients, by code.',
      resolve: ({ errors }) => [...errors].map(([code, count]) => ({ code, count })),
    }),
    pool: t.field({
      type: Pool,
      description: 'Current state of the connection pool.',
      resolve: (_performance, _args, { db }) => poolStatus(db),
    }),
    logLag: t.field({
      type: Lag,
      description: 'Current lag of the log readers.',
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
    description:
      'Performance of this server process. Requires an administrator (ADMIN_EMAILS); otherwise fails with FORBIDDEN.',
    resolve: (_root, _args, { viewer, performance }) => {
      if (!viewer.isAdmin) {
        throw new Forbidden(
          'Only administrators can read performance data. Administrators are listed in ADMIN_EMAILS.',
        );
      }
      return performance;
    },
  }),
);
