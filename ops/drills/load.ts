import { setTimeout as sleep } from 'node:timers/promises';
import type { Fixture } from './audience.ts';
import { Follower } from './follower.ts';
import { overServerSentEvents, overWebSocket } from './subscription-client.ts';
import { atRate, type Routine } from './at-rate.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

export interface Pace {
  writesPerSecond: number;
  readsPerSecond: number;
  /** New people who sign up, subscribe and leave. */
  guestsPerSecond: number;
}

export interface LoadReport {
  written: number;
  read: number;
  guests: number;
  /** Requests that were refused or got no response. */
  failed: number;
  /** The 99th percentile of reads in the first and the last quarter of the time, in milliseconds. */
  readMs: { first: number; last: number };
}

const READS = [
  '{ dashboard { statistics { total pending completed shared } } }',
  '{ tasks(first: 50) { nodes { id title status owner { name } } } }',
  '{ activity(first: 20) { nodes { id at task { title } } } }',
  '{ conversations(first: 5) { nodes { title messages(last: 20) { nodes { content } } } } }',
];
const SAY = `mutation ($id: ID!, $title: String!, $conversationId: ID!) {
  updateTask(input: { id: $id, title: $title }) { cursor }
  sendMessage(input: { conversationId: $conversationId, content: $title }) { message { id } }
}`;

/** Puts load on a server, from its construction on. */
export class Load {
  readonly #writes: Writes;
  readonly #reads: Routine;
  readonly #edits: Routine;
  readonly #guests: Routine;
  readonly #took: { at: number; ms: number }[] = [];
  readonly #since = Date.now();

  constructor(url: string, { author, taskId, conversationId }: Fixture, pace: Pace) {
    this.#writes = new Writes(author, { perSecond: pace.writesPerSecond });
    this.#edits = atRate(1, (turn) =>
      author.query(SAY, { id: taskId, title: `Drill ${turn}`, conversationId }),
    );
    this.#reads = atRate(pace.readsPerSecond, async (turn) => {
      const startedAt = Date.now();
      const began = performance.now();
      await author.query(READS[turn % READS.length] ?? '');
      this.#took.push({ at: startedAt, ms: performance.now() - began });
    });
    this.#guests = atRate(pace.guestsPerSecond, (turn) => visit(url, turn));
  }

  words(): string {
    return `${this.#writes.acknowledged.length} written, ${this.#reads.done} read, ${this.#guests.done} guests, ${this.#failed} failed`;
  }

  async end(): Promise<void> {
    const all = [this.#writes, this.#edits, this.#reads, this.#guests];
    await Promise.all(all.map((each) => each.end()));
  }

  report(): LoadReport {
    const quarter = (Date.now() - this.#since) / 4;
    const p99 = (from: number) =>
      this.#took
        .filter(({ at }) => at >= from && at < from + quarter)
        .map(({ ms }) => ms)
        .sort((a, b) => a - b)
        .at(-Math.ceil(this.#took.length / 4 / 100)) ?? NaN;
    return {
      written: this.#writes.acknowledged.length,
      read: this.#reads.done,
      guests: this.#guests.done,
      failed: this.#failed,
      readMs: { first: p99(this.#since), last: p99(this.#since + 3 * quarter) },
    };
  }

  get #failed(): number {
    const refused = [...this.#writes.refused.values()].reduce((sum, count) => sum + count, 0);
    const others = [this.#edits, this.#reads, this.#guests].reduce((sum, { failed }) => sum + failed, 0);
    return refused + this.#writes.broken.length + this.#writes.unreachable + others;
  }
}

/** A new person signs up, subscribes and drops the connection; every second one before the first message. */
async function visit(url: string, turn: number): Promise<void> {
  const guest = await signUp(url);
  const subscribe = turn % 4 < 2 ? overWebSocket : overServerSentEvents;
  const follower = new Follower(url, guest.token, { subscribe });
  const live = follower.start();
  await (turn % 2 ? live : sleep(Math.random() * 20));
  follower.stop();
  await guest.query('mutation { signOut { signedOut } }');
}
