import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { withRequest } from '../request-context.ts';
import { claimReplies, releaseReply, type LeasedReply } from './queue.ts';
import { writeReply, type ReplyParts } from './reply.ts';

/** By one process. */
const MOST_AT_ONCE = 20;
const LOOK_EVERY_MS = 1_000;
/** Replies that take longer while stopping are left to another process. */
const STOP_WITHIN_MS = 1_000;

/** Writes the replies that wait: several at the same time, one of each conversation. */
export class AssistantWorker {
  readonly #parts: ReplyParts;
  readonly #writing = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;
  #wakes = 0;

  constructor(parts: ReplyParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** Looks for messages now. */
  wake(): void {
    this.#wakes += 1;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    const timer = setTimeout(() => {
      this.#closing.abort();
    }, STOP_WITHIN_MS);
    await this.#running;
    await Promise.all(this.#writing);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const wakes = this.#wakes;
      try {
        await this.#claim();
      } catch (error) {
        this.#parts.log.warn({ err: error }, 'could not look for messages to the assistant; trying again');
      }
      if (this.#wakes !== wakes) continue;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([woken, sleep(LOOK_EVERY_MS, undefined, { ref: false })]);
    }
  }

  async #claim(): Promise<void> {
    const most = MOST_AT_ONCE - this.#writing.size;
    if (most === 0) return;
    for (const reply of await claimReplies(this.#parts.db, randomUUID(), most)) {
      const written = this.#write(reply).finally(() => {
        this.#writing.delete(written);
        this.wake();
      });
      this.#writing.add(written);
    }
  }

  /** Never throws. */
  async #write(reply: LeasedReply): Promise<void> {
    const { db, log } = this.#parts;
    try {
      // Its statements count as the person's.
      await withRequest(async (request) => {
        request.requester.share = reply.userId;
        await writeReply(this.#parts, reply, this.#closing.signal);
      });
    } catch (error) {
      log.warn({ err: error, message: reply.messageId }, 'a reply of the assistant failed; trying again');
      await sleep(LOOK_EVERY_MS, undefined, { ref: false });
      await releaseReply(db, reply).catch(() => undefined);
    }
  }
}
