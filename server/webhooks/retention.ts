import type { Database } from '../database/client.ts';

const DAY_MS = 24 * 60 * 60_000;
const KEPT_DAYS = 30;
/** Per webhook. */
const MOST_KEPT = 10_000;
const BATCH = 2_000;

/** Deletes finished deliveries after 30 days, and all but the newest 10,000 of a webhook. @returns their number. */
export async function trimDeliveries(db: Database): Promise<number> {
  const until = new Date(Date.now() - KEPT_DAYS * DAY_MS);
  let trimmed = 0;
  const webhooks = await db.webhook.findMany({ select: { id: true } });
  for (const { id } of webhooks) {
    for (let count = BATCH; count === BATCH; trimmed += count) {
      count = await db.$executeRaw`
        /* trimDeliveries */
        WITH newest AS (
          SELECT place FROM webhook_deliveries WHERE webhook_id = ${id}::uuid
          ORDER BY place DESC OFFSET ${MOST_KEPT} LIMIT 1
        )
        DELETE FROM webhook_deliveries WHERE place IN (
          SELECT place FROM webhook_deliveries
          WHERE webhook_id = ${id}::uuid AND status <> 'PENDING'
            AND (created_at < ${until} OR place <= (SELECT place FROM newest))
          ORDER BY place LIMIT ${BATCH})`;
    }
  }
  return trimmed;
}
