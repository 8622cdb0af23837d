import type { Client } from 'pg';
import { SILENCE_MS, type Database } from '../database/client.ts';
import { openSession } from '../database/session.ts';
import { repeat } from '../lifecycle/repeat.ts';
import type { Logger } from '../logger.ts';
import type { AttemptServices } from './attempt.ts';
import { enqueue, webhookConsumer } from './enqueue.ts';
import { trimDeliveries } from './retention.ts';
import { WebhookSender } from './sender.ts';
import type { SenderCounts } from './settings.ts';

export interface Webhooks {
  counts(): SenderCounts;
  stop(): Promise<void>;
}

const QUEUE_EVERY_MS = 500;
const TRIM_AFTER_MS = 60_000;
const TRIM_EVERY_MS = 60 * 60_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_WITHIN_MS = 2_500;
const FROZEN_AFTER_MS = 15_000;

/** Queues events for webhooks and sends them. Several processes can do so at once. */
export function startWebhooks(parts: AttemptServices, databaseUrl: string): Webhooks {
  const { db, log, authServices } = parts.services;
  const sender = new WebhookSender(parts);
  const stopQueueing = startQueueing(databaseUrl, [...authServices.adminEmails], log, () => {
    sender.wake();
  });
  const stopTrimming = startTrimming(db, log);
  return {
    counts: () => sender.counts(),
    async stop() {
      await Promise.all([stopQueueing(), stopTrimming(), sender.stop()]);
    },
  };
}

function startQueueing(url: string, adminEmails: string[], log: Logger, onQueued: () => void) {
  const consumer = webhookConsumer(adminEmails);
  let client: Client | undefined;
  const queue = async () => {
    client ??= await connected(url, () => (client = undefined));
    if ((await enqueue(client, consumer, adminEmails)) > 0) onQueued();
  };
  const stop = repeat(queue, {
    firstMs: 0,
    everyMs: QUEUE_EVERY_MS,
    onFailure(error) {
      log.warn({ err: error }, 'could not queue events for webhooks; trying again');
      void client?.end().catch(() => undefined);
      client = undefined;
    },
  });
  return async () => {
    await stop();
    await client?.end().catch(() => undefined);
  };
}

async function connected(url: string, onLost: () => void): Promise<Client> {
  const client = await openSession(url, {
    application_name: 'taskwire webhooks',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + SILENCE_MS,
    idle_in_transaction_session_timeout: FROZEN_AFTER_MS,
    keepAlive: true,
  });
  return client.on('error', onLost);
}

function startTrimming(db: Database, log: Logger) {
  return repeat(
    async () => {
      await trimDeliveries(db);
    },
    {
      firstMs: TRIM_AFTER_MS,
      everyMs: TRIM_EVERY_MS,
      onFailure(error) {
        log.warn({ err: error }, 'could not delete old webhook deliveries; trying again in an hour');
      },
    },
  );
}
