import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../prisma/generated/client/client.ts';
import { FellBehind } from '../errors.ts';
import { isAfter, type LogCursor, type LogPosition } from '../log/cursor.ts';
import type { Subscriber, SubscriberRights, OpenSubscription } from './subscriber.ts';

export interface Delivery {
  /** Null if only the rights may have changed. */
  event: Event | null;
  /** A new log cursor: once all missed events are delivered, and after many events that do not match. */
  passed: (LogPosition & Partial<LogCursor>) | null;
  rights: SubscriberRights;
}

export interface DeliveryHandler {
  /** A returned promise delays the next delivery. An error ends the subscription. */
  onDelivery(delivery: Delivery): void | Promise<void>;
  end(failure: unknown): void;
}

export interface SubscriptionOptions {
  /** Selects events; must be synchronous. Rights are checked by the handler. */
  wants: (event: Event) => boolean;
  topics?: readonly string[];
  /** Merges pending deliveries into the latest one, at most one per interval. */
  coalesceMs?: number;
  /** Whether it has its own connection, which must be closed on shutdown. */
  isAlone?: boolean;
}

type Item = Event | { passed: LogPosition & Partial<LogCursor> } | null;

const MOST_WAITING = 1_000;
/** After this many events that do not match, the subscription gets a new cursor. */
const MOST_SKIPPED = 1_000;

/**
 * One subscription's bounded queue: delivers each event once, in log order, missed ones first. Delivery is
 * synchronous if possible, since one event can have thousands of subscribers.
 */
export class Subscription implements OpenSubscription {
  readonly topics: readonly string[];
  readonly #subscriber: Subscriber;
  readonly #wants: (event: Event) => boolean;
  readonly #coalesceMs: number | undefined;
  readonly #onEnd: () => void;
  #deliveredAt = 0;
  #hasTaken = false;
  #cursor: LogCursor | undefined;
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
   * Starts delivery. Call it synchronously after reading `missed`.
   * @param handedOut number of events so far.
   * @param position log position after them.
   */
  start(
    cursor: LogCursor,
    missed: Event[],
    handedOut: number,
    position: LogPosition & Partial<LogCursor>,
  ): void {
    this.#deliveredAt = handedOut;
    this.#cursor = cursor;
    this.#missed = [{ passed: position }, ...missed.filter(this.#wants).reverse()];
  }

  onEvent(event: Event): void {
    // Another process may have been ahead when it created the cursor.
    if (!this.#cursor || !isAfter(event, this.#cursor) || !this.#wants(event)) return;
    this.#hasTaken = true;
    this.#take(event);
  }

  pass(position: LogPosition, handedOut: number): void {
    if (!this.#cursor || this.#coalesceMs !== undefined) return;
    if (this.#hasTaken) this.#deliveredAt = handedOut;
    this.#hasTaken = false;
    if (handedOut - this.#deliveredAt < MOST_SKIPPED) return;
    this.#deliveredAt = handedOut;
    this.#take({ passed: position });
  }

  reconsider(): void {
    if (this.#cursor) this.#take(null);
  }

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

  /** Called when the subscription ends, or at once if it has. One listener only. */
  onceEnded(listener: () => void): void {
    if (this.#ending) listener();
    else this.#onceEnded = listener;
  }

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
    // The common case needs no queue.
    if (rights && !(rights instanceof Promise)) this.#deliver(item, rights);
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
      // Rights may change during the wait, so they are requested again.
      if (rights instanceof Promise) this.#waitFor(rights);
      else
        this.#deliver(this.#missed.length > 0 ? (this.#missed.pop() ?? null) : this.#firstWaiting(), rights);
    }
  }

  #deliver(item: Item, rights: SubscriberRights): void {
    if (this.#coalesceMs !== undefined) this.#restsUntil = Date.now() + this.#coalesceMs;
    const delivery =
      item && 'passed' in item
        ? { event: null, passed: item.passed, rights }
        : { event: item, passed: null, rights };
    this.#isBusy = true;
    try {
      const done = this.#reader?.onDelivery(delivery);
      if (done) this.#waitFor(done);
      else this.#isBusy = false;
    } catch (error) {
      this.#fault(error);
    }
  }

  #waitFor(done: Promise<unknown>): void {
    this.#isBusy = true;
    done.then(this.#goOn, this.#fault);
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

  readonly #fault = (error: unknown) => {
    this.#isBusy = false;
    this.fail(error);
  };
}
