import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './audience.ts';
import { Follower } from './follower.ts';
import { overServerSentEvents, overWebSocket } from './line.ts';
import { steadily, type Routine } from './steadily.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

export interface Pace {
  writesPerSecond: number;
  readsPerSecond: number;
  /** New people who come, follow and leave. */
  guestsPerSecond: number;
}

export interface LoadReport {
  written: number;
  read: number;
  guests: number;
  /** What was asked of the server, and was refused or got no answer. */
  failed: number;
  /** The 99th of a hundred reads in the first quarter of the time and in the last, in milliseconds. */
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

/** What keeps a server busy, from the making of this on. */
export class Load {
  readonly #writes: Writes;
  readonly #reads: Routine;
  readonly #talk: Routine;
  readonly #guests: Routine;
  readonly #took: { at: number; ms: number }[] = [];
  readonly #since = Date.now();

  constructor(url: string, { author, taskId, conversationId }: Stage, pace: Pace) {
    this.#writes = new Writes(author, { perSecond: pace.writesPerSecond });
    this.#talk = steadily(1, (turn) =>
      author.query(SAY, { id: taskId, title: `Drill ${turn}`, conversationId }),
    );
    this.#reads = steadily(pace.readsPerSecond, async (turn) => {
      const startedAt = Date.now();
      const began = performance.now();
      await author.query(READS[turn % READS.length] ?? '');
      this.#took.push({ at: startedAt, ms: performance.now() - began });
    });
    this.#guests = steadily(pace.guestsPerSecond, (turn) => visit(url, turn));
  }

  words(): string {
    return `${this.#writes.acknowledged.length} written, ${this.#reads.done} read, ${this.#guests.done} guests, ${this.#failed} failed`;
  }

  async end(): Promise<void> {
    const all = [this.#writes, this.#talk, this.#reads, this.#guests];
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
    const others = [this.#talk, this.#reads, this.#guests].reduce((sum, { failed }) => sum + failed, 0);
    return refused + this.#writes.broken.length + this.#writes.unmet + others;
  }
}

/** Somebody new comes, follows, and leaves without a word: every second one before they were told anything. */
async function visit(url: string, turn: number): Promise<void> {
  const guest = await signUp(url);
  const dial = turn % 4 < 2 ? overWebSocket : overServerSentEvents;
  const follower = new Follower(url, guest.token, { dial });
  const live = follower.start();
  await (turn % 2 ? live : sleep(Math.random() * 20));
  follower.stop();
  await guest.query('mutation { signOut { signedOut } }');
}
