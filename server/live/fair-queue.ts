import { AsyncLocalStorage } from 'node:async_hooks';
import { keep } from '../bounds.ts';

/** Concurrent jobs per person; more would only wait for the person's connections. */
const MOST_OF_PERSON = 3;
const MOST_AT_ONCE = 12;
/** Longer jobs do not count towards the total, so that a slow database does not block other people. */
const LONG_MS = 250;

/** Work that runs once, in the turn of the first person who waits for it. */
export class Job<Result> {
  readonly result: Promise<Result>;
  readonly #work: () => Promise<Result>;
  readonly #settle: (result: Result | Promise<Result>) => void;
  #hasBegun = false;

  constructor(work: () => Promise<Result>) {
    // It can start in another request's async context.
    this.#work = AsyncLocalStorage.bind(work);
    const { promise, resolve } = Promise.withResolvers<Result>();
    this.result = promise;
    this.#settle = resolve;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(): void {
    this.#hasBegun = true;
    this.#settle(Promise.try(this.#work));
  }
}

type AnyJob = Pick<Job<unknown>, 'result' | 'hasBegun' | 'begin'>;

interface Lane {
  running: number;
  waiting: Set<AnyJob>;
}

/** People take turns, with a few jobs each. Requests are handled between waiting jobs. */
export class FairQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #counted = new Map<object, number>();
  #waiting = 0;
  #isScheduled = false;
  #watch: NodeJS.Timeout | undefined;

  constructor() {
    keep('waiting payloads', this, (queue) => queue.#waiting);
  }

  run<Result>(userId: string, work: () => Promise<Result>): Promise<Result> {
    return this.join(userId, new Job(work));
  }

  join<Result>(userId: string, job: Job<Result>): Promise<Result> {
    if (job.hasBegun) return job.result;
    const lane = this.#lanes.get(userId) ?? { running: 0, waiting: new Set() };
    this.#lanes.set(userId, lane);
    if (lane.running < MOST_OF_PERSON && lane.waiting.size === 0 && this.#counted.size < MOST_AT_ONCE) {
      this.#begin(userId, lane, job);
    } else if (!lane.waiting.has(job)) {
      lane.waiting.add(job);
      this.#waiting += 1;
      this.#watch ??= setInterval(() => {
        this.#passOverLong();
      }, LONG_MS / 2);
      this.#schedule();
    }
    return job.result;
  }

  waitingOf(userId: string): number {
    return this.#lanes.get(userId)?.waiting.size ?? 0;
  }

  /** The person no longer waits for the job. If it has not begun and no one else waits, it never does. */
  leave(userId: string, job: AnyJob): void {
    const lane = this.#lanes.get(userId);
    if (!lane?.waiting.delete(job)) return;
    this.#waiting -= 1;
    if (lane.running === 0 && lane.waiting.size === 0) this.#lanes.delete(userId);
  }

  #begin(userId: string, lane: Lane, job: AnyJob): void {
    const turn = {};
    lane.running += 1;
    this.#counted.set(turn, performance.now());
    const end = () => {
      lane.running -= 1;
      this.#counted.delete(turn);
      if (lane.running === 0 && lane.waiting.size === 0) this.#lanes.delete(userId);
      if (this.#waiting > 0) this.#schedule();
    };
    job.begin();
    job.result.then(end, end);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#beginNext();
    });
  }

  #beginNext(): void {
    const next = this.#counted.size < MOST_AT_ONCE ? this.#next() : undefined;
    if (next) {
      const { userId, lane, job } = next;
      this.#lanes.delete(userId);
      this.#lanes.set(userId, lane);
      this.#begin(userId, lane, job);
      if (this.#waiting > 0) this.#schedule();
    }
    if (this.#waiting > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** The person with the fewest running jobs; then the one with the oldest last turn. */
  #next(): { userId: string; lane: Lane; job: AnyJob } | undefined {
    const lanes = [...this.#lanes].filter(
      ([, { waiting, running }]) => waiting.size > 0 && running < MOST_OF_PERSON,
    );
    for (const [userId, lane] of lanes.sort(([, a], [, b]) => a.running - b.running)) {
      const job = this.#nextOf(lane);
      if (job) return { userId, lane, job };
      if (lane.running === 0) this.#lanes.delete(userId);
    }
    return undefined;
  }

  #nextOf(lane: Lane): AnyJob | undefined {
    for (const job of lane.waiting) {
      lane.waiting.delete(job);
      this.#waiting -= 1;
      if (!job.hasBegun) return job;
    }
    return undefined;
  }

  #passOverLong(): void {
    const now = performance.now();
    for (const [turn, began] of this.#counted) if (now - began > LONG_MS) this.#counted.delete(turn);
    this.#schedule();
  }
}
