import { setTimeout as sleep } from 'node:timers/promises';
import { newId, publicId } from '../../server/ids.ts';
import { Refusal, type SignedInUser } from './workspace.ts';

const CREATE = `mutation ($id: ID!) { createTask(input: { id: $id, title: "Drill" }) { cursor } }`;
const FEWEST_WRITERS = 20;
/** Response time up to which the writers keep the rate. */
const SLOWEST_MS = 500;
const PAUSE_MS = 50;

interface Pace {
  perSecond: number;
  /** Whether to retry each task with the same id until it is acknowledged. */
  retrying?: boolean;
}

/** Creates tasks at a constant rate with 20 or more concurrent writers, from its construction on. */
export class Writes {
  readonly acknowledged: string[] = [];
  /** Counts by error code. */
  readonly refused = new Map<string, number>();
  /** Send times (`performance.now()`) of writes that lost their connection. */
  readonly broken: number[] = [];
  refusedFrom = Infinity;
  /** Milliseconds. */
  slowestMs = 0;
  /** Writes that could not connect. */
  unreachable = 0;
  readonly #user: SignedInUser;
  readonly #pace: Pace;
  readonly #ending = new AbortController();
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  readonly #atOnce: number;
  readonly #writers: Promise<void>[];

  constructor(user: SignedInUser, pace: Pace) {
    this.#user = user;
    this.#pace = pace;
    this.#atOnce = Math.max(FEWEST_WRITERS, Math.ceil((pace.perSecond * SLOWEST_MS) / 1000));
    this.#writers = Array.from({ length: this.#atOnce }, (_, n) => this.#write(n));
  }

  async end(): Promise<void> {
    this.#endedAt ??= performance.now();
    this.#ending.abort();
    await Promise.all(this.#writers);
  }

  perSecond(): number {
    const seconds = ((this.#endedAt ?? performance.now()) - this.#startedAt) / 1000;
    return Math.round(this.acknowledged.length / seconds);
  }

  async #write(place: number): Promise<void> {
    const { signal } = this.#ending;
    const atOnce = this.#atOnce;
    const every = (atOnce * 1000) / this.#pace.perSecond;
    for (let next = Date.now() + (place / atOnce) * every; ; next = Math.max(next + every, Date.now())) {
      await sleep(Math.max(next - Date.now(), 1), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const id = publicId('Task', newId());
      while (!(await this.#send(id)) && this.#pace.retrying);
    }
  }

  /** @returns whether the write was acknowledged; waits before a retry otherwise. */
  async #send(id: string): Promise<boolean> {
    const sentAt = performance.now();
    try {
      await this.#user.query(CREATE, { id });
      this.acknowledged.push(id);
      this.slowestMs = Math.max(this.slowestMs, Math.round(performance.now() - sentAt));
      return true;
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined;
      if (refusal) {
        this.refused.set(refusal.code, (this.refused.get(refusal.code) ?? 0) + 1);
        this.refusedFrom = Math.min(this.refusedFrom, performance.now());
      } else if (codeOf(error) === 'ECONNREFUSED') this.unreachable += 1;
      else this.broken.push(sentAt);
      const { signal } = this.#ending;
      const wait = refusal && !this.#pace.retrying ? refusal.retryAfterMs : PAUSE_MS;
      await sleep(wait, undefined, this.#pace.retrying ? {} : { signal }).catch(() => undefined);
      return false;
    }
  }
}

function codeOf(thrown: unknown): string | undefined {
  return ((thrown as Error).cause as NodeJS.ErrnoException | undefined)?.code;
}
