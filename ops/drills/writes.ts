import { setTimeout as sleep } from 'node:timers/promises';
import { newId, publicId } from '../../server/ids.ts';
import { Refusal, type SignedInUser } from './workspace.ts';

const CREATE = `mutation ($id: ID!) { createTask(input: { id: $id, title: "Drill" }) { cursor } }`;
const FEWEST_WRITERS = 20;
/** Each writer waits for its answer; so slow may answers be without slowing the pace. */
const SLOWEST_MS = 500;
const PAUSE_MS = 50;

interface Pace {
  perSecond: number;
  /** Whether each task is sent, under the same id, until somebody says that it is there. */
  insisting?: boolean;
}

/** Tasks that are created at an even pace by twenty or more at once, from the making of this on. */
export class Writes {
  /** The ids of those that were answered, as the answers came. */
  readonly acknowledged: string[] = [];
  /** How often which code was the answer. */
  readonly refused = new Map<string, number>();
  /** When those were sent that got no answer for their connection broke, by `performance.now()`. */
  readonly broken: number[] = [];
  /** When the first was refused. */
  refusedFrom = Infinity;
  /** The longest that anybody waited for an acknowledgement, in milliseconds. */
  slowestMs = 0;
  /** How many found nobody who listens. */
  unmet = 0;
  readonly #somebody: SignedInUser;
  readonly #pace: Pace;
  readonly #ending = new AbortController();
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  readonly #atOnce: number;
  readonly #writers: Promise<void>[];

  constructor(somebody: SignedInUser, pace: Pace) {
    this.#somebody = somebody;
    this.#pace = pace;
    this.#atOnce = Math.max(FEWEST_WRITERS, Math.ceil((pace.perSecond * SLOWEST_MS) / 1000));
    this.#writers = Array.from({ length: this.#atOnce }, (_, n) => this.#write(n));
  }

  /** Sends no more, and waits for the answers under way. */
  async end(): Promise<void> {
    this.#endedAt ??= performance.now();
    this.#ending.abort();
    await Promise.all(this.#writers);
  }

  /** How many a second were acknowledged, which is less than was wished where the machine has no more to give. */
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
      while (!(await this.#send(id)) && this.#pace.insisting);
    }
  }

  /** @returns whether it is there for sure; waits a while where it is not. */
  async #send(id: string): Promise<boolean> {
    const sentAt = performance.now();
    try {
      await this.#somebody.query(CREATE, { id });
      this.acknowledged.push(id);
      this.slowestMs = Math.max(this.slowestMs, Math.round(performance.now() - sentAt));
      return true;
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined;
      if (refusal) {
        this.refused.set(refusal.code, (this.refused.get(refusal.code) ?? 0) + 1);
        this.refusedFrom = Math.min(this.refusedFrom, performance.now());
      } else if (codeOf(error) === 'ECONNREFUSED') this.unmet += 1;
      else this.broken.push(sentAt);
      const { signal } = this.#ending;
      const wait = refusal && !this.#pace.insisting ? refusal.retryAfterMs : PAUSE_MS;
      await sleep(wait, undefined, this.#pace.insisting ? {} : { signal }).catch(() => undefined);
      return false;
    }
  }
}

function codeOf(thrown: unknown): string | undefined {
  return ((thrown as Error).cause as NodeJS.ErrnoException | undefined)?.code;
}
