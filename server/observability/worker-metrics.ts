import cluster, { type Worker } from 'node:cluster';
import { randomUUID } from 'node:crypto';
import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

type Metrics = MetricObjectWithValues<MetricValue<string>>[];

interface Channel {
  on(event: 'message', listener: (message: object) => void): unknown;
  off(event: 'message', listener: (message: object) => void): unknown;
  send?: (message: object, onSent: (error: Error | null) => void) => boolean;
}

interface Wanted {
  metricsWanted: string;
}
interface Given {
  metricsGiven: string;
  lists: Metrics[];
}

/** A worker that does not respond in time is counted with its previous metrics. */
const WORKER_ANSWERS_WITHIN_MS = 2_000;
const PRIMARY_ANSWERS_WITHIN_MS = 5_000;

/** How to aggregate across workers. Default: sum, or prom-client's choice. */
const AGGREGATORS: Record<string, 'min' | 'max'> = {
  // Of the newest worker, which changes on a restart.
  process_start_time_seconds: 'max',
  nodejs_eventloop_lag_p99_seconds: 'max',
  taskwire_up: 'min',
  taskwire_writable: 'min',
  taskwire_replica_current: 'min',
  taskwire_log_lag_seconds: 'max',
  taskwire_consumer_lag_events: 'max',
  taskwire_consumer_lag_seconds: 'max',
  taskwire_live_lag_seconds: 'max',
  taskwire_backup_age_seconds: 'max',
  taskwire_backup_succeeded: 'min',
};

/** Answers the primary process's requests for metrics. @returns the metrics of all workers; without workers, `own`. */
export function ofAllWorkers(own: () => Promise<Registry>): () => Promise<Registry> {
  if (!cluster.isWorker) return own;
  answer(process, async () => [await (await own()).getMetricsAsJSON()]);
  return async () => {
    const lists = await ask(process, PRIMARY_ANSWERS_WITHIN_MS);
    return lists ? aggregate(lists) : own();
  };
}

/** Collects the workers' metrics in the primary process. Counters include workers that have ended. */
export class WorkerMetrics {
  readonly #latest = new Map<Worker, Metrics>();
  #ended: Metrics = [];
  #collecting: Promise<Metrics[]> | undefined;

  add(worker: Worker): void {
    this.#latest.set(worker, []);
    answer(
      worker,
      () => (this.#collecting ??= this.#collect().finally(() => (this.#collecting = undefined))),
    );
    worker.once('exit', () => {
      void this.#remove(worker);
    });
  }

  async #collect(): Promise<Metrics[]> {
    const asked = [...this.#latest.keys()].map(async (worker) => {
      const given = worker.isConnected() ? await ask(worker, WORKER_ANSWERS_WITHIN_MS) : undefined;
      const metrics = given?.[0];
      if (metrics && this.#latest.has(worker)) this.#latest.set(worker, metrics);
    });
    await Promise.all(asked);
    return [this.#ended, ...this.#latest.values()];
  }

  async #remove(worker: Worker): Promise<void> {
    const counted = (this.#latest.get(worker) ?? []).filter(({ type }) => String(type) !== 'gauge');
    const ended = await aggregate([this.#ended, counted]);
    this.#ended = await ended.getMetricsAsJSON();
    this.#latest.delete(worker);
  }
}

async function aggregate(lists: Metrics[]): Promise<Registry> {
  // Loaded on demand, since most servers do not use it.
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(
    lists.map((metrics) =>
      metrics.map((metric) => ({ ...metric, aggregator: AGGREGATORS[metric.name] ?? metric.aggregator })),
    ),
  );
}

function answer(channel: Channel, give: () => Promise<Metrics[]>): void {
  channel.on('message', (message: Partial<Wanted>) => {
    const { metricsWanted } = message;
    if (metricsWanted === undefined) return;
    void give().then((lists) => {
      channel.send?.({ metricsGiven: metricsWanted, lists } satisfies Given, () => undefined);
    });
  });
}

async function ask(channel: Channel, withinMs: number): Promise<Metrics[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<Metrics[] | undefined>();
  const metricsWanted = randomUUID();
  const listener = ({ metricsGiven, lists }: Partial<Given>) => {
    if (metricsGiven === metricsWanted) resolve(lists);
  };
  const timer = setTimeout(resolve, withinMs, undefined);
  channel.on('message', listener);
  channel.send?.({ metricsWanted } satisfies Wanted, (error) => {
    if (error) resolve(undefined);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    channel.off('message', listener);
  }
}
