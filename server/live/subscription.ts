import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../prisma/generated/client/client.ts';
import { FellBehind } from '../errors.ts';
import { isAfter, type LogCursor, type LogPosition } from '../log/cursor.ts';
import type { Subscriber, SubscriberRights, OpenSubscription } from './subscriber.ts';

/** What a subscription is about to tell, and the rights to decide by whether it may. */
export interface Delivery {
  /** Null where nothing happened but that the person may see other things now. */
  event: Event | null;
  /**
   * How far the log has come: once when everything missed has been heard, and where it was read on for long without
   * anything for this subscription.
   */
  passed: (LogPosition & Partial<LogCursor>) | null;
  /** No older than the event. */
  rights: SubscriberRights;
}

export interface DeliveryHandler {
  /**
   * The next thing is heard once the promise that this answers has settled, or else at once. What it throws ends the
   * subscription.
   */
  hear(delivery: Delivery): void | Promise<void>;
  /** Nothing more comes; `failure` says why, where it was not the reader who wished so. */
  end(failure: unknown): void;
}

export interface SubscriptionOptions {
  /** Which events matter; must not wait. Rights are for the handler to decide by. */
  wants: (event: Event) => boolean;
  /** Ids of what it follows, besides what is told to its person by their roles and shares. */
  topics?: readonly string[];
  /** So that what happens before it is asked for counts as one, the latest, and is heard at most once in so many milliseconds. */
  coalesceMs?: number;
  /** Whether it has a connection of its own, which nobody else closes when the server stops. */
  isAlone?: boolean;
}

type Item = Event | { passed: LogPosition & Partial<LogCursor> } | null;

/** As many events may wait for a reader who is slower than they happen. */
const MOST_WAITING = 1_000;
/** After so many events that are none of its business a subscription is told how far the log has come. */
const MOST_UNTOLD = 1_000;

/**
 * What one subscription hears, in the order of the log and each event once: first what it has missed, then the rest.
 * Whoever reads it is called in the very moment when something is there, for thousands hear of one event.
 */
export class Subscription implements OpenSubscription {
  readonly topics: readonly string[];
  readonly #subscriber: Subscriber;
  readonly #wants: (event: Event) => boolean;
  readonly #coalesceMs: number | undefined;
  readonly #onEnd: () => void;
  /** How many events there were when it last took one. */
  #toldAt = 0;
  #hasTaken = false;
  #mark: LogCursor | undefined;
  #missed: Item[] = [];
  #waiting: Item[] = [];
  #next = 0;
  #restsUntil = 0;
  #reader: DeliveryHandler | undefined;
  #isBusy = false;
  #ending: { failure: unknown } | undefined;
  #onceEnded: () => void = () => undefined;

  constructor(
    subscriber: Subscriber,
    { wants, topics = [], coalesceMs }: SubscriptionOptions,
    onEnd: () => void,
  ) {
    this.topics = topics;
    this.#subscriber = subscriber;
    this.#wants = wants;
    this.#coalesceMs = coalesceMs;
    this.#onEnd = onEnd;
  }

  /**
   * Begins to hear, in the same moment as that in which `missed` was found to be what came after the mark.
   * @param handedOut how many events there were until then.
   * @param position how far the log has come with them.
   */
  start(
    mark: LogCursor,
    missed: Event[],
    handedOut: number,
    position: LogPosition & Partial<LogCursor>,
  ): void {
    this.#toldAt = handedOut;
    this.#mark = mark;
    this.#missed = [{ passed: position }, ...missed.filter(this.#wants).reverse()];
  }

  hear(event: Event): void {
    // Another process may have been ahead of this one when it gave the mark.
    if (!this.#mark || !isAfter(event, this.#mark) || !this.#wants(event)) return;
    this.#hasTaken = true;
    this.#take(event);
  }

  pass(position: LogPosition, handedOut: number): void {
    if (!this.#mark || this.#coalesceMs !== undefined) return;
    if (this.#hasTaken) this.#toldAt = handedOut;
    this.#hasTaken = false;
    if (handedOut - this.#toldAt < MOST_UNTOLD) return;
    this.#toldAt = handedOut;
    this.#take({ passed: position });
  }

  reconsider(): void {
    if (this.#mark) this.#take(null);
  }

  /** Lets go of what waits, and tells the reader why. */
  fail(failure: unknown): void {
    if (!this.#ending) {
      this.#ending = { failure };
      this.#missed = [];
      this.#waiting = [];
      this.#next = 0;
      this.#onEnd();
      this.#onceEnded();
    }
    this.#handOn();
  }

  end(): void {
    this.fail(null);
  }

  /** Has something done when the subscription has ended, or at once where it has; there is one such thing. */
  onceEnded(listener: () => void): void {
    if (this.#ending) listener();
    else this.#onceEnded = listener;
  }

  /** There is one reader. What it missed comes at once. */
  readBy(reader: DeliveryHandler): void {
    this.#reader = reader;
    this.#handOn();
  }

  #take(item: Item): void {
    if (this.#ending) return;
    if (this.#coalesceMs !== undefined && this.#waiting.length > 0) {
      if (item) this.#waiting[0] = item;
      return;
    }
    if (this.#waiting.length - this.#next >= MOST_WAITING) {
      this.fail(new FellBehind());
      return;
    }
    const isIdle = this.#reader && !this.#isBusy && this.#hasNothing() && this.#coalesceMs === undefined;
    const rights = isIdle ? this.#subscriber.rights() : undefined;
    // Most of the time nobody is busy, and what comes need not wait anywhere.
    if (rights && !(rights instanceof Promise)) this.#tell(item, rights);
    else this.#waiting.push(item);
    this.#handOn();
  }

  #hasNothing(): boolean {
    return this.#missed.length === 0 && this.#waiting.length === 0;
  }

  #handOn(): void {
    while (this.#reader && !this.#isBusy) {
      if (this.#ending) {
        const reader = this.#reader;
        this.#reader = undefined;
        reader.end(this.#ending.failure);
        return;
      }
      if (this.#hasNothing()) return;
      const rest = this.#coalesceMs === undefined ? 0 : this.#restsUntil - Date.now();
      const rights = rest > 0 ? sleep(rest) : this.#subscriber.rights();
      // What is taken afterwards may need other rights by then, so they are asked for again.
      if (rights instanceof Promise) this.#waitFor(rights);
      else this.#tell(this.#missed.length > 0 ? (this.#missed.pop() ?? null) : this.#firstWaiting(), rights);
    }
  }

  #tell(item: Item, rights: SubscriberRights): void {
    if (this.#coalesceMs !== undefined) this.#restsUntil = Date.now() + this.#coalesceMs;
    const delivery =
      item && 'passed' in item
        ? { event: null, passed: item.passed, rights }
        : { event: item, passed: null, rights };
    this.#isBusy = true;
    try {
      const done = this.#reader?.hear(delivery);
      if (done) this.#waitFor(done);
      else this.#isBusy = false;
    } catch (error) {
      this.#stumble(error);
    }
  }

  #waitFor(done: Promise<unknown>): void {
    this.#isBusy = true;
    done.then(this.#goOn, this.#stumble);
  }

  #firstWaiting(): Item {
    const item = this.#waiting[this.#next] ?? null;
    this.#next += 1;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    return item;
  }

  readonly #goOn = () => {
    this.#isBusy = false;
    this.#handOn();
  };

  readonly #stumble = (error: unknown) => {
    this.#isBusy = false;
    this.fail(error);
  };
}
