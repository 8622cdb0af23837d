import type { Client } from 'pg';
import { AUDITED, PERSONAL } from '../log/catalogue.ts';
import { consume, isAlone, release, stateOf, type LogBatch, type LogConsumer } from '../log/consumer.ts';

/** Further events stay in the log until there is room in the queue of their webhook. */
const MOST_PENDING = 5_000;
const MOST_SCANNED = 2_000;
const MOST_AT_ONCE = 10;

/** Queues events for the webhooks whose persons may see them. The rights are checked again before each attempt. */
export function webhookConsumer(adminEmails: readonly string[]): LogConsumer {
  return {
    name: 'webhooks',
    lock: 7_274_636_117,
    batchSize: 2_000,
    async handle(client, { from, to }) {
      if (!(await hasWebhooks(client))) return;
      const events = `SELECT * FROM events WHERE transaction_id >= $2::bigint AND transaction_id < $3::bigint`;
      await client.query(insertSql(events, FOLLOWING), [adminEmails, from, to]);
    },
  };
}

/** Queues the next events of the log. @returns the number of events that were read. */
export async function enqueue(
  client: Client,
  consumer: LogConsumer,
  adminEmails: readonly string[],
): Promise<number> {
  const events = await consume(client, consumer);
  if (!(await hasWebhooks(client)) || !(await isAlone(client, consumer))) return events;
  // While no other process queues events, so that none is queued twice or left out.
  try {
    await clearQueuesOfDisabled(client);
    await putOffFullQueues(client);
    return events + (await catchUp(client, adminEmails));
  } finally {
    await release(client, consumer);
  }
}

async function hasWebhooks(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>(
    '/* hasWebhooks */ SELECT EXISTS (SELECT FROM webhooks) AS any',
  );
  return rows[0]?.any === true;
}

const FOLLOWING = 'SELECT * FROM webhooks WHERE disabled_reason IS NULL AND transaction_id IS NULL';

/** A webhook can be disabled while its events are being queued. It keeps a position before them. */
async function clearQueuesOfDisabled(client: Client): Promise<void> {
  await client.query(
    `/* clearQueuesOfDisabled */
     DELETE FROM webhook_deliveries USING webhooks
     WHERE webhook_id = webhooks.id AND status = 'PENDING' AND disabled_reason IS NOT NULL`,
  );
}

/** Lets webhooks with a full queue continue from the log later. */
async function putOffFullQueues(client: Client): Promise<void> {
  await client.query(
    `/* putOffFullQueues */
     UPDATE webhooks SET transaction_id = consumer.transaction_id, sequence = 0
     FROM (SELECT transaction_id FROM ${stateOf('webhooks')}) AS consumer
     WHERE webhooks.transaction_id IS NULL AND disabled_reason IS NULL AND ${pendingOf('webhooks.id')} >= $1`,
    [MOST_PENDING],
  );
}

function pendingOf(id: string): string {
  return `(SELECT count(*) FROM (SELECT FROM webhook_deliveries
    WHERE webhook_id = ${id} AND status = 'PENDING' LIMIT ${MOST_PENDING}) AS pending)`;
}

/** The consumer has queued all earlier events. It must have passed a position before it can take over from there. */
const CONSUMED = `(SELECT transaction_id FROM ${stateOf('webhooks')})`;

/** A step for some of the webhooks that are behind: new ones, replays, and full queues. */
async function catchUp(client: Client, adminEmails: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `/* webhooksBehind */
     SELECT id FROM webhooks
     WHERE transaction_id < ${CONSUMED} AND disabled_reason IS NULL AND ${pendingOf('webhooks.id')} < $1
     ORDER BY random() LIMIT $2`,
    [MOST_PENDING / 2, MOST_AT_ONCE],
  );
  let events = 0;
  for (const { id } of rows) events += await catchUpOne(client, id, adminEmails);
  return events;
}

interface Step {
  count: number;
  from: LogBatch['from'];
  after: string;
  transactionId: string;
  sequence: string;
}

async function catchUpOne(client: Client, id: string, adminEmails: readonly string[]): Promise<number> {
  await client.query('/* catchUp */ BEGIN; SET LOCAL enable_seqscan = off');
  try {
    const { rows } = await client.query<Step>(
      `/* catchUp */
       WITH webhook AS MATERIALIZED (
         SELECT transaction_id, sequence FROM webhooks
         WHERE id = $1 AND transaction_id < ${CONSUMED} AND disabled_reason IS NULL FOR NO KEY UPDATE
       ), scanned AS MATERIALIZED (
         SELECT events.transaction_id, events.sequence FROM webhook CROSS JOIN LATERAL (
           SELECT transaction_id, sequence FROM events
           WHERE (transaction_id, sequence) > (webhook.transaction_id, webhook.sequence)
             AND transaction_id < ${CONSUMED}
           ORDER BY transaction_id, sequence LIMIT $2
         ) AS events
       )
       SELECT (SELECT count(*)::int FROM scanned) AS count, webhook.transaction_id AS "from", webhook.sequence AS after,
              (SELECT transaction_id FROM scanned ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS "transactionId",
              (SELECT sequence FROM scanned ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS sequence
       FROM webhook`,
      [id, MOST_SCANNED],
    );
    const [step] = rows;
    if (step && step.count > 0) {
      const { from, after, transactionId, sequence } = step;
      const events = `
        SELECT * FROM events
        WHERE (transaction_id, sequence) > ($3::bigint, $4::bigint)
          AND (transaction_id, sequence) <= ($5::bigint, $6::bigint)`;
      await client.query(insertSql(events, 'SELECT * FROM webhooks WHERE id = $2'), [
        adminEmails,
        id,
        from,
        after,
        transactionId,
        sequence,
      ]);
    }
    const isThere = step && step.count < MOST_SCANNED;
    if (step)
      await client.query(
        '/* catchUp */ UPDATE webhooks SET transaction_id = $2, sequence = $3 WHERE id = $1',
        [id, ...(isThere ? [null, null] : [step.transactionId, step.sequence])],
      );
    await client.query('/* catchUp */ COMMIT');
    return step?.count ?? 0;
  } catch (error) {
    await client.query('/* catchUp */ ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The topic of an event: deliveries about one task or one conversation are sent in order. */
const TOPIC = `coalesce(batch.conversation_id, (data ->> 'taskId')::uuid, subject_id)`;

/**
 * Queues the events for each webhook whose person could see them, in log order. It includes everything that the policy's
 * `seesEvent` allows; the first parameter has the addresses of administrators.
 */
function insertSql(events: string, webhooks: string): string {
  const kinds = (list: readonly string[]) => list.map((kind) => `'${kind}'`).join();
  const personal = 'JOIN people ON people.user_id =';
  return `/* enqueueDeliveries */
    WITH batch AS MATERIALIZED (${events}),
    chosen AS MATERIALIZED (${webhooks}),
    people AS MATERIALIZED (SELECT id, user_id FROM chosen WHERE team_id IS NULL),
    matches AS (
      SELECT batch.sequence, chosen.id FROM batch JOIN chosen ON chosen.team_id = batch.team_id
      UNION SELECT sequence, people.id FROM batch ${personal} actor_id WHERE batch.team_id IS NULL
      UNION SELECT sequence, people.id FROM batch ${personal} person_id
        WHERE batch.team_id IS NULL OR kind IN (${kinds(PERSONAL)})
      -- Each team, conversation and task is looked up once, whatever the number of its events.
      UNION SELECT sequence, members.id FROM batch JOIN (
        SELECT DISTINCT people.id, memberships.team_id FROM (SELECT DISTINCT team_id FROM batch) AS teams
        JOIN memberships USING (team_id) ${personal} memberships.user_id) AS members USING (team_id)
      UNION SELECT sequence, participants.id FROM batch JOIN (
        SELECT DISTINCT people.id, conversation_id FROM (SELECT DISTINCT conversation_id FROM batch) AS conversations
        JOIN conversation_participants AS participant USING (conversation_id)
        ${personal} participant.user_id) AS participants USING (conversation_id)
      UNION SELECT sequence, receivers.id FROM batch JOIN (
        SELECT DISTINCT people.id, task_id AS subject_id FROM (SELECT DISTINCT subject_id FROM batch) AS subjects
        JOIN task_shares ON task_id = subject_id ${personal} shared_with_id
        WHERE expires_at IS NULL OR expires_at > now()) AS receivers USING (subject_id)
      UNION SELECT sequence, people.id FROM batch
        CROSS JOIN LATERAL jsonb_array_elements_text(data -> 'sharedWith') AS receiver (id)
        ${personal} receiver.id::uuid
        WHERE data ? 'sharedWith'
      UNION SELECT sequence, people.id FROM batch
        CROSS JOIN people JOIN users ON users.id = people.user_id
        WHERE kind IN (${kinds(AUDITED)}) AND email_verified AND email = ANY($1::text[])
    )
    INSERT INTO webhook_deliveries (webhook_id, kind, event_sequence, transaction_id, topic)
    SELECT chosen.id, kind, batch.sequence, batch.transaction_id, ${TOPIC}
    FROM matches JOIN batch USING (sequence) JOIN chosen USING (id)
    WHERE chosen.kinds = '{}' OR kind = ANY(chosen.kinds)
    ORDER BY batch.transaction_id, batch.sequence`;
}
