import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, CursorExpired, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { currentCursor, logLeadsTo } from '../log/append.ts';
import { decodeCursor, startOf, type LogCursor } from '../log/cursor.ts';
import { visible, type Person } from '../policy.ts';
import type { Change } from './change.ts';
import { lockedWebhook } from './webhook.ts';
import { idOf, parse } from './validation.ts';

/** Of one webhook: tests and redeliveries that are not sent yet. */
const MOST_WAITING = 100;

/** Sends the event of an earlier delivery once more, without regard to the order. @returns the new delivery. */
export async function redeliverWebhook(db: Database, person: Person, input: unknown): Promise<Change> {
  const { deliveryId } = parse(z.object({ deliveryId: idOf('WebhookDelivery') }), input);
  return inTransaction(db, async (tx) => {
    const where = { id: deliveryId, AND: visible.webhookDelivery(person) };
    const delivery = await tx.webhookDelivery.findFirst({ where });
    if (!delivery) throw new NotFound('delivery', deliveryId);
    const { webhookId, kind, eventSequence, transactionId } = delivery;
    const cause = eventSequence === null ? ('TEST' as const) : ('REDELIVERY' as const);
    return add(tx, person, webhookId, { cause, kind, eventSequence, transactionId });
  });
}

/** Sends a message of type TEST. @returns the new delivery. */
export async function testWebhook(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('Webhook') }), input);
  return inTransaction(db, (tx) => add(tx, person, id, { cause: 'TEST' }));
}

/**
 * Sends all events after a log cursor again, in log order, and then continues.
 * @throws CursorExpired if they are no longer kept.
 */
export async function replayWebhook(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, after } = parse(z.object({ id: idOf('Webhook'), after: z.string() }), input);
  // Before the cursor, whose errors would reveal the webhook.
  if ((await db.webhook.count({ where: { id, AND: visible.webhook(person) } })) === 0)
    throw new NotFound('webhook', id);
  const cursor = await decodeCursor(db, after);
  if (!(await logLeadsTo(db, cursor)) || (await isTrimmed(db, startOf(cursor).transactionId)))
    throw new CursorExpired();
  const { transactionId, sequence } = await placeOf(db, cursor);
  return inTransaction(db, async (tx) => {
    await enabled(tx, person, id);
    await tx.$executeRaw`
      /* replayWebhook */
      DELETE FROM webhook_deliveries
      WHERE webhook_id = ${id}::uuid AND status = 'PENDING' AND cause = 'EVENT'
        AND (transaction_id, event_sequence) > (${transactionId}, ${sequence})`;
    await tx.$executeRaw`
      /* replayWebhook */
      UPDATE webhooks SET retry_at = NULL, transaction_id = ${transactionId}, sequence = ${sequence}
      WHERE id = ${id}::uuid
        AND (transaction_id IS NULL OR (transaction_id, sequence) > (${transactionId}, ${sequence}))`;
    return { id, cursor: await currentCursor(tx) };
  });
}

/** Before the first event that the cursor does not cover. */
async function placeOf(
  db: Database,
  cursor: LogCursor,
): Promise<Pick<LogCursor, 'transactionId' | 'sequence'>> {
  const { transactionId, horizon, inFlight } = cursor;
  if (horizon === null || horizon >= transactionId) return cursor;
  const first = await db.event.findFirst({
    where: { transactionId: inFlight ? { in: [...inFlight] } : { gte: horizon, lt: transactionId } },
    orderBy: [{ transactionId: 'asc' }, { sequence: 'asc' }],
  });
  return first ? { transactionId: first.transactionId, sequence: first.sequence - 1n } : cursor;
}

async function isTrimmed(db: Database, transactionId: bigint): Promise<boolean> {
  const { trimmedTransactionId } = await db.eventLog.findUniqueOrThrow({ where: { id: 1 } });
  return trimmedTransactionId > transactionId;
}

interface Added {
  cause: 'TEST' | 'REDELIVERY';
  kind?: string | null;
  eventSequence?: bigint | null;
  transactionId?: bigint | null;
}

async function add(tx: Transaction, person: Person, webhookId: string, added: Added): Promise<Change> {
  await enabled(tx, person, webhookId);
  const waiting = { webhookId, status: 'PENDING', cause: { not: 'EVENT' } } as const;
  if ((await tx.webhookDelivery.count({ where: waiting })) >= MOST_WAITING)
    throw new Conflict(`${MOST_WAITING} tests and redeliveries are waiting already. Try again later.`);
  const id = newId();
  await tx.webhookDelivery.create({ data: { ...added, id, webhookId }, select: { id: true } });
  await tx.webhook.update({ where: { id: webhookId }, data: { retryAt: null }, select: { id: true } });
  return { id, cursor: await currentCursor(tx) };
}

async function enabled(tx: Transaction, person: Person, id: string): Promise<void> {
  const { disabledReason } = await lockedWebhook(tx, person, id);
  if (disabledReason !== null)
    throw new Conflict('This webhook is disabled. Enable it first.', { field: 'id' });
}
