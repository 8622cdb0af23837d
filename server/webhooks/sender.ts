import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from '../observability/histogram.ts';
import { withRequest } from '../request-context.ts';
import type { AddressRules } from '../address-rules.ts';
import { attempt, type AttemptServices } from './attempt.ts';
import {
  claimWebhooks,
  nextDelivery,
  postponeDelivery,
  releaseWebhook,
  type LeasedWebhook,
} from './queue.ts';
import { WebhookClient } from './request.ts';
import type { Outcome, SenderCounts } from './settings.ts';

/** Webhooks served at the same time by one process. */
const MOST_AT_ONCE = 20;
/** Those whose last attempt failed must leave room for the others. */
const MOST_FAILING = 8;
const MOST_PER_PERSON = 2;

/** Then others get their turn. */
const TURN_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** Requests that take longer while stopping are aborted, and sent again by another process. */
const STOP_WITHIN_MS = 2_000;

/**
 * Sends the pending deliveries: one at a time per webhook, several webhooks at the same time. A slow or failing receiver
 * takes one of the places for its turn only.
 */
export class WebhookSender {
  readonly #parts: AttemptServices;
  readonly #rules: AddressRules;
  readonly #turns = new Map<LeasedWebhook, Promise<void>>();
  readonly #attempts = new Map<Outcome, number>();
  readonly #durations = new Histogram();
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;
  #wakes = 0;

  constructor(parts: AttemptServices) {
    this.#parts = parts;
    this.#rules = parts.services.webhooks.rules;
    this.#running = this.#run();
  }

  counts(): SenderCounts {
    return { attempts: this.#attempts, durations: this.#durations, sending: this.#turns.size };
  }

  /** Looks for deliveries now. */
  wake(): void {
    this.#wakes += 1;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    const timer = setTimeout(() => {
      this.#aborting.abort();
    }, STOP_WITHIN_MS);
    await this.#running;
    await Promise.all(this.#turns.values());
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const wakes = this.#wakes;
      try {
        await this.#claim();
      } catch (error) {
        this.#parts.services.log.warn({ err: error }, 'could not look for webhook deliveries; trying again');
      }
      if (this.#wakes !== wakes) continue;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([woken, sleep(LOOK_EVERY_MS, undefined, { ref: false })]);
    }
  }

  async #claim(): Promise<void> {
    const busy = [...this.#turns.keys()];
    const most = MOST_AT_ONCE - busy.length;
    if (most === 0) return;
    const failing = busy.filter(({ failures }) => failures > 0).length;
    const perPerson = Map.groupBy(busy, ({ userId }) => userId);
    const except = [...perPerson].flatMap(([userId, of]) => (of.length >= MOST_PER_PERSON ? [userId] : []));
    const lease = randomUUID();
    const onlyHealthy = failing >= MOST_FAILING;
    const claimed = await claimWebhooks(this.#parts.services.db, { lease, most, except, onlyHealthy });
    for (const webhook of claimed) {
      const turn = this.#serve(webhook, lease).finally(() => {
        this.#turns.delete(webhook);
        this.wake();
      });
      this.#turns.set(webhook, turn);
    }
  }

  /** Sends deliveries of one webhook until its turn is over. Never throws. */
  async #serve({ id: webhookId, userId }: LeasedWebhook, lease: string): Promise<void> {
    const { services } = this.#parts;
    const client = new WebhookClient(this.#rules);
    const until = performance.now() + TURN_MS;
    const work = async () => {
      while (performance.now() < until && !this.#stopping.signal.aborted) {
        const next = await nextDelivery(services.db, webhookId, lease);
        if (!next) return;
        try {
          const held = { webhookId, lease };
          const { outcome, answer } = await attempt(this.#parts, client, held, next, this.#aborting.signal);
          this.#attempts.set(outcome, (this.#attempts.get(outcome) ?? 0) + 1);
          if (answer) this.#durations.add(answer.duration);
          if (outcome === 'failed' || outcome === 'gone' || outcome === 'disabled') return;
        } catch (error) {
          services.log.warn(
            { err: error, webhook: webhookId },
            'could not prepare a webhook delivery; trying again',
          );
          await postponeDelivery(services.db, next.deliveryId);
        }
      }
    };
    try {
      // Its statements count as the person's.
      await withRequest(async (request) => {
        request.requester.share = userId;
        await work();
      });
      await releaseWebhook(services.db, webhookId, lease);
    } catch (error) {
      services.log.warn(
        { err: error, webhook: webhookId },
        'a webhook was not served; its lease ends by itself',
      );
    } finally {
      client.close();
    }
  }
}
