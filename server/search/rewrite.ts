import { setTimeout as sleep } from 'node:timers/promises';
import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Logger } from '../logger.ts';

const TABLES = {
  tasks: Prisma.sql`tasks`,
  comments: Prisma.sql`comments`,
  messages: Prisma.sql`messages`,
};

type Table = keyof typeof TABLES;

/** Rows in one transaction: few, as it holds the log's readers back while it runs. */
const BATCH = 200;
const NO_ID = '00000000-0000-0000-0000-000000000000';
const SAY_EVERY_MS = 10_000;
const RETRY_AFTER_MS = 5_000;

/**
 * Gives the rows that have search words of older rules those of today, in batches, and says how far it is. Any number
 * of processes may do so at once: one works on a table, and the others leave it alone. Until it is done a search finds
 * older rows by their older words.
 * @returns what stops it after the batch that it is at.
 */
export function startRewriting(db: Database, log: Logger): () => Promise<void> {
  const stopping = new AbortController();
  const running = rewriteAll(db, log, stopping.signal);
  return async () => {
    stopping.abort();
    await running;
  };
}

async function rewriteAll(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  let [rows, toldAt] = [0, performance.now()];
  while (!signal.aborted) {
    let pause: number;
    try {
      const began = performance.now();
      const table = await nextTable(db);
      if (!table) break;
      rows += await rewriteBatch(db, table);
      // Half of the time is for everything else.
      pause = performance.now() - began;
      if (performance.now() - toldAt > SAY_EVERY_MS) {
        log.info({ table, rows }, 'rewriting the search words of existing rows');
        toldAt = performance.now();
      }
    } catch (error) {
      log.warn({ err: error }, 'could not rewrite search words; trying again');
      pause = RETRY_AFTER_MS;
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  if (rows > 0 && !signal.aborted) log.info({ rows }, 'rewrote the search words of existing rows');
}

async function nextTable(db: Database): Promise<Table | undefined> {
  const [row] = await db.$queryRaw<{ table: Table }[]>`
    /* nextTable */ SELECT table_name AS table FROM search_rewrites ORDER BY table_name LIMIT 1`;
  return row?.table;
}

/** @returns how many rows it rewrote. A table that has no more is struck off. */
async function rewriteBatch(db: Database, table: Table): Promise<number> {
  const [batch] = await db.$queryRaw<{ rows: number }[]>`
    /* rewriteBatch */
    WITH turn AS MATERIALIZED (
      SELECT last_id FROM search_rewrites WHERE table_name = ${table} FOR UPDATE SKIP LOCKED
    ), batch AS MATERIALIZED (
      SELECT id FROM ${TABLES[table]} WHERE id > (SELECT coalesce(last_id, ${NO_ID}::uuid) FROM turn) ORDER BY id LIMIT ${BATCH}
    ), rewritten AS (
      -- The trigger makes the words.
      UPDATE ${TABLES[table]} AS rewritten SET words = NULL FROM batch WHERE rewritten.id = batch.id
    ), finished AS (
      DELETE FROM search_rewrites
      WHERE table_name = ${table} AND EXISTS (SELECT FROM turn) AND NOT EXISTS (SELECT FROM batch)
    ), moved AS (
      UPDATE search_rewrites SET last_id = (SELECT id FROM batch ORDER BY id DESC LIMIT 1)
      WHERE table_name = ${table} AND EXISTS (SELECT FROM batch)
    )
    SELECT count(*)::int AS rows FROM batch`;
  return batch?.rows ?? 0;
}
