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

/** Small transactions, since log readers wait for them. */
const BATCH = 200;
const NO_ID = '00000000-0000-0000-0000-000000000000';
const SAY_EVERY_MS = 10_000;
const RETRY_AFTER_MS = 5_000;

/**
 * Updates the search words of rows written under older rules, in batches. One of several processes works on a table.
 * Until then, a search finds older rows by their older words.
 * @returns a function that stops it after the current batch.
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
      // Works half of the time.
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

async function rewriteBatch(db: Database, table: Table): Promise<number> {
  const [batch] = await db.$queryRaw<{ rows: number }[]>`
    /* rewriteBatch */
    WITH turn AS MATERIALIZED (
      SELECT last_id FROM search_rewrites WHERE table_name = ${table} FOR UPDATE SKIP LOCKED
    ), batch AS MATERIALIZED (
      SELECT id FROM ${TABLES[table]} WHERE id > (SELECT coalesce(last_id, ${NO_ID}::uuid) FROM turn) ORDER BY id LIMIT ${BATCH}
    ), rewritten AS (
      -- A trigger sets the words.
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
