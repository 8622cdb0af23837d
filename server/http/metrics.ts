import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';
import { kept } from '../bounds.ts';
import { readBackupStatus } from '../backup/status.ts';
import { diskIsFull, poolStatus, replicaStatus } from '../database/client.ts';
import { retriesOf } from '../database/transaction.ts';
import type { Histogram } from '../observability/histogram.ts';
import { ofAllWorkers } from '../observability/worker-metrics.ts';
import type { Services } from '../services.ts';
import type { LogLag } from '../sql/log-lag.ts';
import { isFromLoopback } from './client-ip.ts';

interface Sample {
  labels?: Record<string, string>;
  value: number;
}

export function createMetrics(services: Services) {
  let own: Promise<Registry> | undefined;
  const registry = ofAllWorkers(() => (own ??= createRegistry(services)));
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isAllowed(request, services)) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(
        services.monitoring.token === undefined
          ? 'Metrics are only available from this machine. Set METRICS_TOKEN to read them remotely or behind a proxy.\n'
          : 'Send the header "Authorization: Bearer <METRICS_TOKEN>".\n',
      );
      return;
    }
    const { contentType, metrics } = await registry().then(async (all) => ({
      contentType: all.contentType,
      metrics: await all.metrics(),
    }));
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(metrics);
  };
}

/** Headers of proxies, including unconfigured ones. */
const TRACES_OF_PROXIES = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
];

function isAllowed(request: IncomingMessage, { monitoring, limits, origins }: Services): boolean {
  const { token } = monitoring;
  const { headers } = request;
  if (token !== undefined) {
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(sha256(given), sha256(token));
  }
  // Requests through a local proxy seem to come from this machine.
  if (limits.proxies > 0 || TRACES_OF_PROXIES.some((name) => headers[name] !== undefined)) return false;
  return isFromLoopback(request) && origins.whyMisdirected(headers.host, undefined) === null;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function createRegistry({ db, check, live, monitoring, senderCounts }: Services): Promise<Registry> {
  const { store, backupDir } = monitoring;
  // Loaded on demand, since most servers do not use it.
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const register = (
    type: 'counter' | 'gauge' | 'histogram',
    name: string,
    help: string,
    values: () => MetricValue<string>[] | Promise<MetricValue<string>[]>,
  ) => {
    const get = async () => ({ name, help, type, aggregator: 'sum', values: await values() });
    registry.registerMetric({ name, help, type, get } as unknown as Parameters<
      typeof registry.registerMetric
    >[0]);
  };
  const gauge = (name: string, help: string, samples: () => Sample[] | Promise<Sample[]>) => {
    register('gauge', name, help, async () => (await samples()).map((sample) => ({ labels: {}, ...sample })));
  };
  const durations = (name: string, help: string, label: string, all: () => Iterable<[string, Histogram]>) => {
    register('histogram', name, help, () =>
      [...all()].flatMap(([of, timings]) => histogram(name, { [label]: of }, timings)),
    );
  };

  durations('taskwire_operation_seconds', 'Duration of operations.', 'operation', () => store.operations);
  durations('taskwire_statement_seconds', 'Duration of SQL statements.', 'statement', () => store.statements);
  durations(
    'taskwire_field_seconds',
    'Duration of resolvers, for sampled operations.',
    'field',
    () => store.fields,
  );
  register('counter', 'taskwire_errors_total', 'Errors returned to clients.', () =>
    [...store.errors].map(([code, value]) => ({ labels: { code }, value })),
  );
  register('counter', 'taskwire_transactions_retried_total', 'Transactions that were retried.', () =>
    Object.entries(retriesOf(db)).map(([reason, value]) => ({ labels: { reason }, value })),
  );
  gauge(
    'taskwire_database_connections',
    'PostgreSQL connections by state, and queries waiting for one.',
    () => {
      const { size, open, idle, waiting } = poolStatus(db);
      return Object.entries({ size, open, idle, waiting }).map(([state, value]) => ({
        labels: { state },
        value,
      }));
    },
  );
  gauge('taskwire_replica_current', 'Whether queries are answered by the read replica.', () => {
    const replica = replicaStatus(db);
    return replica ? [{ value: replica.isCurrent ? 1 : 0 }] : [];
  });
  register(
    'counter',
    'taskwire_replica_reads_total',
    'SQL statements of queries, by the server that answered them, if there is a read replica.',
    () =>
      Object.entries(replicaStatus(db)?.reads ?? {}).map(([server, value]) => ({
        labels: { server },
        value,
      })),
  );
  const ofConsumers = async (pick: (lag: LogLag) => number) =>
    Object.entries((await check.health())?.consumers ?? {}).map(([consumer, lag]) => ({
      labels: { consumer },
      value: pick(lag),
    }));
  gauge('taskwire_up', 'Whether the database is reachable.', async () => [
    { value: (await check.health()) ? 1 : 0 },
  ]);
  gauge(
    'taskwire_writable',
    'Whether the database accepts writes. 0 on a standby or with a full disk.',
    async () => {
      const health = await check.health();
      return health ? [{ value: health.readOnly || diskIsFull(db) ? 0 : 1 }] : [];
    },
  );
  gauge('taskwire_log_lag_seconds', 'Age of the oldest event that log readers cannot read yet.', async () => {
    const health = await check.health();
    return health ? [{ value: health.log.seconds }] : [];
  });
  gauge(
    'taskwire_consumer_lag_events',
    'Events that a consumer of the log has not handled, at most 100,000.',
    () => ofConsumers(({ events }) => events),
  );
  gauge('taskwire_consumer_lag_seconds', 'Age of the oldest event that a consumer has not handled.', () =>
    ofConsumers(({ seconds }) => seconds),
  );
  gauge('taskwire_live_lag_seconds', 'Seconds since this process last read to the end of the log.', () => [
    { value: live.lag() },
  ]);
  gauge('taskwire_subscriptions', 'Open subscriptions.', () => [{ value: live.subscriptions() }]);
  register('counter', 'taskwire_webhook_attempts_total', 'Webhook deliveries tried, by their outcome.', () =>
    [...senderCounts().attempts].map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
  register('histogram', 'taskwire_webhook_seconds', 'Duration of webhook requests.', () =>
    histogram('taskwire_webhook_seconds', {}, senderCounts().durations),
  );
  gauge('taskwire_webhooks_sending', 'Webhooks that this process sends deliveries of now.', () => [
    { value: senderCounts().sending },
  ]);
  gauge('taskwire_kept', 'Size of each cache and buffer of this process.', () =>
    Object.entries(kept()).map(([what, value]) => ({ labels: { what }, value })),
  );
  gauge(
    'taskwire_backup_age_seconds',
    'Seconds since the last successful backup or verification.',
    async () => {
      const { lastGood, lastVerified } = await readBackupStatus(backupDir);
      return Object.entries({ backup: lastGood, verification: lastVerified }).flatMap(([kind, good]) =>
        good ? [{ labels: { kind }, value: (Date.now() - Date.parse(good.at)) / 1000 }] : [],
      );
    },
  );
  gauge('taskwire_backup_succeeded', 'Whether the last backup or verification succeeded.', async () => {
    const { backup, verification } = await readBackupStatus(backupDir);
    return Object.entries({ backup, verification }).flatMap(([kind, last]) =>
      last ? [{ labels: { kind }, value: last.succeeded ? 1 : 0 }] : [],
    );
  });
  return registry;
}

function histogram(name: string, labels: Record<string, string>, timings: Histogram) {
  const buckets = [...timings.cumulative()].map(({ milliseconds, count }) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: milliseconds / 1000 },
    value: count,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: timings.count },
    { metricName: `${name}_sum`, labels, value: timings.total / 1000 },
    { metricName: `${name}_count`, labels, value: timings.count },
  ] satisfies MetricObjectWithValues<MetricValue<string> & { metricName: string }>['values'];
}
