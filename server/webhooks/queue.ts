import { Prisma, type Webhook, type WebhookDisabledReason } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { append } from '../log/append.ts';

const HOUR_MS = 60 * 60_000;

/** A delivery that has failed for this long is given up. */
const RETRY_FOR_MS = 24 * HOUR_MS;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = HOUR_MS;
/** The pause of the whole webhook while everything fails, so that new events do not hammer a dead receiver. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 10 * 60_000;
/** After a success, topics are tried again at once if the receiver failed more often than one message could cause. */
const DEAD_AFTER = 5;

/** Longer than an attempt can take. */
const LEASE = Prisma.sql`now() + interval '30 seconds'`;

export type LeasedWebhook = Pick<Webhook, 'id' | 'userId' | 'failures'>;

interface Claim {
  lease: string;
  most: number;
  /** Persons who have their share of this process. */
  except: readonly string[];
  /** Whether to leave out webhooks whose last attempt failed. */
  onlyHealthy: boolean;
}

/** What can be sent now: the first pending delivery of each topic. */
const DUE = Prisma.sql`
  queued.status = 'PENDING' AND queued.next_attempt_at <= now() AND NOT EXISTS (
    SELECT FROM webhook_deliveries AS earlier
    WHERE earlier.webhook_id = queued.webhook_id AND earlier.status = 'PENDING'
      AND earlier.topic = queued.topic AND earlier.place < queued.place)`;

/**
 * Leases webhooks that have something to send, at most one of each person, those served longest ago first. No other
 * process sends their deliveries until the lease ends, which takes a while after a crash.
 */
export async function claimWebhooks(
  db: Database,
  { lease, most, except, onlyHealthy }: Claim,
): Promise<LeasedWebhook[]> {
  const free = Prisma.sql`
    disabled_reason IS NULL AND (leased_until IS NULL OR leased_until < now())
    AND (retry_at IS NULL OR retry_at <= now())`;
  return db.$queryRaw<LeasedWebhook[]>`
    /* claimWebhooks */
    WITH RECURSIVE busy AS (
      (SELECT webhook_id FROM webhook_deliveries WHERE status = 'PENDING' ORDER BY webhook_id LIMIT 1)
      UNION ALL
      SELECT (SELECT next.webhook_id FROM webhook_deliveries AS next
              WHERE next.status = 'PENDING' AND next.webhook_id > busy.webhook_id
              ORDER BY next.webhook_id LIMIT 1)
      FROM busy WHERE busy.webhook_id IS NOT NULL
    ), ready AS (
      SELECT id, served_at, row_number() OVER (PARTITION BY user_id ORDER BY served_at NULLS FIRST) AS turn
      FROM busy JOIN webhooks ON webhooks.id = busy.webhook_id
      WHERE ${free} AND user_id <> ALL(${[...except]}::uuid[]) AND (failures = 0 OR NOT ${onlyHealthy})
        AND EXISTS (SELECT FROM webhook_deliveries AS queued WHERE queued.webhook_id = webhooks.id AND ${DUE})
    ), chosen AS (
      SELECT id FROM webhooks
      WHERE id IN (SELECT id FROM ready WHERE turn = 1 ORDER BY served_at NULLS FIRST LIMIT ${most}) AND ${free}
      FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE webhooks SET lease = ${lease}::uuid, leased_until = ${LEASE}, served_at = now()
    FROM chosen WHERE webhooks.id = chosen.id
    RETURNING webhooks.id, user_id AS "userId", failures`;
}

export interface NextDelivery extends Pick<
  Webhook,
  'userId' | 'teamId' | 'url' | 'taskFilter' | 'secret' | 'previousSecret' | 'previousSecretUntil'
> {
  deliveryId: string;
  /** Null for a test. */
  eventSequence: bigint | null;
}

/** Extends the lease. @returns the next delivery; null if there is none, or the lease is lost. */
export async function nextDelivery(
  db: Database,
  webhookId: string,
  lease: string,
): Promise<NextDelivery | null> {
  const [next] = await db.$queryRaw<NextDelivery[]>`
    /* nextDelivery */
    WITH held AS (
      UPDATE webhooks SET leased_until = ${LEASE}
      WHERE id = ${webhookId}::uuid AND lease = ${lease}::uuid AND disabled_reason IS NULL
        AND (retry_at IS NULL OR retry_at <= now())
      RETURNING *
    )
    SELECT held.user_id AS "userId", held.team_id AS "teamId", url, task_filter AS "taskFilter", secret,
           previous_secret AS "previousSecret", previous_secret_until AS "previousSecretUntil",
           next.id AS "deliveryId", next.event_sequence AS "eventSequence"
    FROM held CROSS JOIN LATERAL (
      SELECT id, event_sequence FROM webhook_deliveries AS queued
      WHERE webhook_id = held.id AND ${DUE} ORDER BY place LIMIT 1
    ) AS next`;
  return next ?? null;
}

export async function releaseWebhook(db: Database, webhookId: string, lease: string): Promise<void> {
  await db.$executeRaw`
    /* releaseWebhook */
    UPDATE webhooks SET lease = NULL, leased_until = NULL WHERE id = ${webhookId}::uuid AND lease = ${lease}::uuid`;
}

/** For an event that is not sent: the person cannot see it, or the filter does not match. */
export async function dropDelivery(db: Database, deliveryId: string): Promise<void> {
  await db.$executeRaw`/* dropDelivery */ DELETE FROM webhook_deliveries WHERE id = ${deliveryId}::uuid`;
}

/** Tries again later without counting an attempt, after a failure of this server. */
export async function postponeDelivery(db: Database, deliveryId: string): Promise<void> {
  await db.$executeRaw`
    /* postponeDelivery */
    UPDATE webhook_deliveries SET next_attempt_at = now() + interval '5 seconds' WHERE id = ${deliveryId}::uuid`;
}

export interface Attempt {
  webhookId: string;
  deliveryId: string;
  lease: string;
  startedAt: Date;
  status: number | null;
  error: string | null;
  duration: number;
}

const RESULT = (attempt: Attempt) => Prisma.sql`
  attempts = attempts + 1, response_status = ${attempt.status}, error = ${attempt.error}, duration = ${attempt.duration},
  first_attempt_at = coalesce(first_attempt_at, ${attempt.startedAt}), attempted_at = ${attempt.startedAt}`;

export async function recordSuccess(db: Database, attempt: Attempt): Promise<void> {
  const { webhookId, deliveryId, lease } = attempt;
  await db.$executeRaw`
    /* recordSuccess */
    WITH done AS (
      UPDATE webhook_deliveries SET ${RESULT(attempt)}, status = 'DELIVERED', next_attempt_at = NULL
      WHERE id = ${deliveryId}::uuid AND status = 'PENDING'
    ), recovered AS (
      SELECT FROM webhooks WHERE id = ${webhookId}::uuid AND failures >= ${DEAD_AFTER}
    ), hastened AS (
      UPDATE webhook_deliveries SET next_attempt_at = now()
      WHERE EXISTS (SELECT FROM recovered) AND webhook_id = ${webhookId}::uuid AND status = 'PENDING'
        AND next_attempt_at > now() AND id <> ${deliveryId}::uuid
    )
    UPDATE webhooks SET failures = 0, retry_at = NULL, last_delivered_at = ${attempt.startedAt}
    WHERE id = ${webhookId}::uuid AND lease = ${lease}::uuid`;
}

/** Doubles with each failure, with jitter so that receivers are not hit by all servers at once. */
function pauseAfter(failures: number, first: number, longest: number): number {
  return Math.min(first * 2 ** Math.min(failures - 1, 30), longest) * (0.8 + 0.4 * Math.random());
}

/**
 * Plans the next attempt. After 24 hours the delivery is given up, and the webhook disabled if nothing was delivered
 * since its first attempt. @returns whether the webhook was disabled.
 */
export async function recordFailure(db: Database, attempt: Attempt): Promise<boolean> {
  const { webhookId, deliveryId, lease } = attempt;
  return inTransaction(db, async (tx) => {
    const [webhook] = await tx.$queryRaw<{ failures: number; lastDeliveredAt: Date | null }[]>`
      /* recordFailure */
      UPDATE webhooks SET failures = failures + 1 WHERE id = ${webhookId}::uuid AND lease = ${lease}::uuid
      RETURNING failures, last_delivered_at AS "lastDeliveredAt"`;
    if (!webhook) return false;
    const [delivery] = await tx.$queryRaw<{ attempts: number; firstAttemptAt: Date }[]>`
      /* recordFailure */
      UPDATE webhook_deliveries SET ${RESULT(attempt)} WHERE id = ${deliveryId}::uuid AND status = 'PENDING'
      RETURNING attempts, first_attempt_at AS "firstAttemptAt"`;
    if (!delivery) return false;
    const { firstAttemptAt, attempts } = delivery;
    const rest = new Date(Date.now() + pauseAfter(webhook.failures, FIRST_REST_MS, LONGEST_REST_MS));
    await tx.webhook.updateMany({ where: { id: webhookId }, data: { retryAt: rest } });
    const isOver = Date.now() - firstAttemptAt.getTime() >= RETRY_FOR_MS;
    const next = new Date(Date.now() + pauseAfter(attempts, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
    await tx.webhookDelivery.updateMany({
      where: { id: deliveryId },
      data: isOver ? { status: 'FAILED', nextAttemptAt: null } : { nextAttemptAt: next },
    });
    const isDead = isOver && (webhook.lastDeliveredAt ?? new Date(0)) < firstAttemptAt;
    return isDead && disableWebhook(tx, webhookId, 'FAILING', { failedId: deliveryId });
  });
}

/** The receiver answered 410, so the delivery is not repeated. */
export async function recordGone(db: Database, attempt: Attempt): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    await tx.$executeRaw`
      /* recordGone */
      UPDATE webhook_deliveries SET ${RESULT(attempt)}, status = 'FAILED', next_attempt_at = NULL
      WHERE id = ${attempt.deliveryId}::uuid AND status = 'PENDING'`;
    return disableWebhook(tx, attempt.webhookId, 'GONE', { failedId: attempt.deliveryId });
  });
}

/**
 * Stops a webhook, and keeps the position up to which everything was sent, from which it can be resumed.
 * @param by the person who does it, and the delivery that was given up. @returns whether it was enabled.
 */
export async function disableWebhook(
  tx: Transaction,
  id: string,
  reason: WebhookDisabledReason,
  { actorId = null, failedId = null }: { actorId?: string | null; failedId?: string | null } = {},
): Promise<boolean> {
  const [webhook] = await tx.$queryRaw<Pick<Webhook, 'userId' | 'teamId'>[]>`
    /* disableWebhook */
    WITH rest AS (
      SELECT transaction_id, event_sequence - 1 AS sequence FROM webhook_deliveries
      WHERE webhook_id = ${id}::uuid AND cause = 'EVENT' AND (status = 'PENDING' OR id = ${failedId}::uuid)
      ORDER BY transaction_id, event_sequence LIMIT 1
    ), consumer AS (
      SELECT transaction_id, 0 AS sequence FROM log_consumers WHERE name = 'webhooks'
    )
    UPDATE webhooks SET disabled_reason = ${reason}::webhook_disabled_reason, disabled_at = now(), retry_at = NULL,
      transaction_id = coalesce((SELECT transaction_id FROM rest), webhooks.transaction_id, (SELECT transaction_id FROM consumer)),
      sequence = coalesce((SELECT sequence FROM rest), webhooks.sequence, (SELECT sequence FROM consumer))
    WHERE id = ${id}::uuid AND disabled_reason IS NULL
    RETURNING user_id AS "userId", team_id AS "teamId"`;
  if (!webhook) return false;
  await tx.webhookDelivery.deleteMany({ where: { webhookId: id, status: 'PENDING' } });
  const { userId, teamId } = webhook;
  await append(tx, {
    kind: 'webhook.disabled',
    actorId,
    personId: userId,
    subjectId: id,
    teamId,
    data: { reason },
  });
  return true;
}
