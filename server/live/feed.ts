import type { Event } from '../../prisma/generated/client/client.ts';
import { FellBehind } from '../errors.ts';
import { isNews, type Mark, type Position } from '../events/position.ts';
import type { LiveRights } from '../sql/live-rights.ts';
import { Mailbox } from './mailbox.ts';
import type { Onlooker, Subscription } from './onlooker.ts';

/** What a subscription is about to tell, and the rights to decide by whether it may. */
export interface Heard {
  /** Null where nothing happened but that the person may see other things now. */
  event: Event | null;
  /** How far the log has come, where it was read on for long without anything for this subscription. */
  passed: Position | null;
  rights: LiveRights;
}

export interface Wishes {
  /** Which events matter; must not wait. Rights are for the reader of the feed to decide by. */
  wants: (event: Event) => boolean;
  /** Whether what happens before it is asked for counts as one. */
  coalesce?: boolean;
}

/** As many events may wait for a reader who is slower than they happen. */
const MOST_WAITING = 1_000;
/** After so many events that are none of its business a subscription is told how far the log has come. */
const MOST_UNTOLD = 1_000;

/** What one subscription hears, in the order of the log and each event once: first what it has missed, then the rest. */
export class Feed implements Subscription {
  readonly #onlooker: Onlooker;
  readonly #wants: (event: Event) => boolean;
  readonly #coalesces: boolean;
  readonly #mailbox: Mailbox<Event | { passed: Position } | null>;
  /** How many events there were when it last took one. */
  #toldAt = 0;
  #hasTaken = false;
  readonly #onEnd: () => void;
  #mark: Mark | undefined;
  #missed: Event[] = [];
  #onceEnded: () => void = () => undefined;

  constructor(onlooker: Onlooker, { wants, coalesce = false }: Wishes, onEnd: () => void) {
    this.#onlooker = onlooker;
    this.#wants = wants;
    this.#coalesces = coalesce;
    this.#mailbox = new Mailbox(coalesce ? 1 : MOST_WAITING);
    this.#onEnd = onEnd;
  }

  /**
   * Begins to hear, in the same moment as that in which `missed` was found to be what came after the mark.
   * @param handedOut how many events there were until then.
   */
  start(mark: Mark, missed: Event[], handedOut: number): void {
    this.#toldAt = handedOut;
    this.#mark = mark;
    this.#missed = missed.filter(this.#wants).reverse();
  }

  hear(event: Event): void {
    // Another process may have been ahead of this one when it gave the mark.
    if (!this.#mark || !isNews(event, this.#mark) || !this.#wants(event)) return;
    this.#hasTaken = true;
    this.#take(event);
  }

  pass(position: Position, handedOut: number): void {
    if (!this.#mark || this.#coalesces) return;
    if (this.#hasTaken) this.#toldAt = handedOut;
    this.#hasTaken = false;
    if (handedOut - this.#toldAt < MOST_UNTOLD) return;
    this.#toldAt = handedOut;
    this.#take({ passed: position });
  }

  reconsider(): void {
    if (this.#mark) this.#take(null);
  }

  fail(error: Error): void {
    this.#mailbox.end(error);
    this.#end();
  }

  end(): void {
    this.#mailbox.end();
    this.#end();
  }

  /**
   * The next event, together with rights that are no older than it; undefined once the subscription has ended.
   * @throws FellBehind, CursorExpired, Unauthenticated where it was ended.
   */
  async next(): Promise<Heard | undefined> {
    const item = this.#missed.pop() ?? (await this.#mailbox.take());
    if (item === undefined) return undefined;
    const given = this.#onlooker.rights();
    const rights = given instanceof Promise ? await given : given;
    return item && 'passed' in item
      ? { event: null, passed: item.passed, rights }
      : { event: item, passed: null, rights };
  }

  #take(item: Event | { passed: Position } | null): void {
    if (!this.#mailbox.put(item) && !this.#coalesces) this.fail(new FellBehind());
  }

  /** Whether what comes next is something that was missed. */
  hasMissed(): boolean {
    return this.#missed.length > 0;
  }

  /** Has something done when the subscription has ended; there is one such thing. */
  onceEnded(listener: () => void): void {
    this.#onceEnded = listener;
  }

  #end(): void {
    this.#missed = [];
    this.#onEnd();
    this.#onceEnded();
  }
}
