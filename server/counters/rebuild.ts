import type { Client } from 'pg';
import { openSession } from '../database/session.ts';
import { continueFrom, stateOf } from '../log/consumer.ts';
import { factsOfEvents, factsOfTasks, scopesOf, taskKinds } from '../sql/task-facts.ts';
import { taskCounters } from './fold.ts';
import { counted, missingScopes, pastTotals, presentTotals } from './totals.ts';

export interface Progress {
  done: number;
  of: number;
}

/** Two rebuilds would delete each other's rows. The lock ends with the connection. */
const REBUILD_LOCK = 7_274_636_113;

/** Pages of a table per part. Log readers wait for a part's transactions, so they must be short. */
const PAGES_IN_A_PART = 250;
const SCOPES_REMOVED_AT_ONCE = 200;

const TABLES = ['task_counts', 'task_due_counts', 'task_day_counts', 'task_day_changes', 'task_durations'];

const state = stateOf(taskCounters.name);

export const counterTables: readonly string[] = [
  'log_consumers',
  'task_scopes',
  'storage_usage',
  'storage_changes',
  ...TABLES,
];

interface Snapshot {
  name: string;
  /** All transactions before this one had ended. */
  horizon: string;
  /** Time of the oldest event; null if there is none. */
  begins: string | null;
  tasks: number;
  events: number;
}

type LogBounds = Pick<Snapshot, 'horizon' | 'begins'>;

interface Part {
  table: 'tasks' | 'events';
  from: number;
  to: number;
}

/**
 * Rebuilds the counters from the tasks and the log during normal operation: the new counters are created next to the
 * old ones, from one snapshot, and replace them at the end. A killed rebuild leaves rows that the next one deletes.
 * @param onProgress called after each part.
 */
export async function rebuildCounters(url: string, onProgress: (progress: Progress) => void): Promise<void> {
  await rebuildWhere(() => Promise.resolve(true), url, onProgress);
}

async function rebuildWhere(
  isWanted: (client: Client) => Promise<boolean>,
  url: string,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  await using reader = await open(url);
  await using writer = await open(url);
  await writer.client.query('SELECT pg_advisory_lock($1)', [REBUILD_LOCK]);
  if (!(await isWanted(writer.client))) return;
  await removeReplaced(writer.client);
  // Newly filled tables have no statistics, which leads to slow plans.
  await writer.client.query('ANALYZE tasks, events');
  const generation = await nextGeneration(writer.client);
  const snapshot = await keepSnapshot(reader.client);
  await makeRoom(writer.client);
  const parts = partsOf(snapshot);
  for (const [done, part] of parts.entries()) {
    // Keeps the transaction from being idle for too long.
    await holdSnapshot(reader.client);
    await readPart(writer.client, snapshot, part).catch(async (error: unknown) => {
      await holdSnapshot(reader.client);
      throw error;
    });
    await countPart(writer.client, generation);
    onProgress({ done: done + 1, of: parts.length });
  }
  await reader.client.query('COMMIT');
  await writer.client.query(
    `/* countUnexplained */ WITH counted AS MATERIALIZED (${unexplained}), ${pastTotals} SELECT`,
    [generation],
  );
  await continueFrom(writer.client, taskCounters, { generation, from: snapshot.horizon });
  await removeReplaced(writer.client);
  // Each row has a version per part, which could not be removed while the snapshot was open.
  await writer.client.query(`VACUUM (ANALYZE) ${TABLES.join(', ')}, task_scopes`);
}

/** Also for a log from another cluster with other transaction ids. One of several processes does it. */
export async function countUncounted(url: string, onProgress: (progress: Progress) => void): Promise<void> {
  await using asking = await open(url);
  if (await isUncounted(asking.client)) await rebuildWhere(isUncounted, url, onProgress);
}

async function isUncounted(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ uncounted: boolean }>(
    `/* countUncounted */
     SELECT coalesce(transaction_id > pg_snapshot_xmax(pg_current_snapshot())::text::bigint, true) AS uncounted
     FROM ${state}`,
  );
  return rows[0]?.uncounted === true;
}

async function open(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = await openSession(url, { application_name: 'taskwire rebuild' }, { work_mem: '64MB' });
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

async function nextGeneration(client: Client): Promise<number> {
  const { rows } = await client.query<{ generation: number }>(
    `SELECT generation + 1 AS generation FROM ${state}`,
  );
  return rows[0]?.generation ?? 1;
}

async function keepSnapshot(client: Client): Promise<Snapshot> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<Snapshot>(
    `SELECT pg_export_snapshot() AS name, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
            (SELECT min(at)::text FROM events) AS begins, ${pagesOf('tasks')} AS tasks, ${pagesOf('events')} AS events`,
  );
  if (!rows[0]) throw new Error('a snapshot always has one row');
  return rows[0];
}

/** @throws if the snapshot was lost. */
async function holdSnapshot(client: Client): Promise<void> {
  await client.query('/* holdSnapshot */ SELECT');
}

function pagesOf(table: string): string {
  return `(pg_relation_size('${table}') / current_setting('block_size')::int)::int`;
}

function partsOf(snapshot: Snapshot): Part[] {
  return (['tasks', 'events'] as const).flatMap((table) =>
    Array.from({ length: Math.ceil(snapshot[table] / PAGES_IN_A_PART) }, (_, n) => ({
      table,
      from: n * PAGES_IN_A_PART,
      to: (n + 1) * PAGES_IN_A_PART,
    })),
  );
}

async function makeRoom(client: Client): Promise<void> {
  const nothing: Part = { table: 'tasks', from: 0, to: 0 };
  for (const [room, facts] of Object.entries(factsOf(nothing, { horizon: '0', begins: null })))
    await client.query(`CREATE TEMPORARY TABLE ${room} AS ${facts} WITH NO DATA`);
}

/** Reads in the snapshot, which does not include the counters of other parts. */
async function readPart(client: Client, snapshot: Snapshot, part: Part): Promise<void> {
  await inOne(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ', async () => {
    await client.query(`SET TRANSACTION SNAPSHOT '${snapshot.name}'`);
    for (const [room, facts] of Object.entries(factsOf(part, snapshot)))
      await client.query(`/* readPart */ INSERT INTO ${room} ${facts}`);
  });
}

async function countPart(client: Client, generation: number): Promise<void> {
  await inOne(client, 'BEGIN', async () => {
    for (const [room, totals] of Object.entries({ present: presentTotals, past: pastTotals })) {
      const scoped = `WITH scoped AS (SELECT * FROM ${room})`;
      await client.query(`/* makeScopes */ ${scoped} ${missingScopes}`, [generation]);
      await client.query(
        `/* countPart */ ${scoped}, counted AS MATERIALIZED (${counted}), ${totals} SELECT`,
        [generation],
      );
      await client.query(`TRUNCATE ${room}`);
    }
  });
}

/** Without statistics, PostgreSQL would not use the indexes. */
async function inOne(client: Client, begin: string, work: () => Promise<void>): Promise<void> {
  await client.query(begin);
  try {
    await client.query('SET LOCAL enable_seqscan = off');
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function factsOf({ table, from, to }: Part, log: LogBounds): { present: string; past: string } {
  const here = `${table}.ctid >= '(${from},0)' AND ${table}.ctid < '(${to},0)'`;
  const { present, past } = table === 'tasks' ? factsInTasks(here) : factsInLog(here, log);
  const scoped = (facts: string) => `WITH facts AS MATERIALIZED (${facts}) ${scopesOf('facts')}`;
  return { present: scoped(present), past: scoped(past) };
}

function factsInTasks(here: string): { present: string; past: string } {
  return {
    present: `${factsOfTasks} AND ${here}`,
    past: pastOf(`
      SELECT owner_id, assignee_id, team_id AS team, status, created_at, started_at, completed_at,
             ${movedAt('updated_at')} AS moved_at
      FROM tasks WHERE archived_at IS NULL AND ${here}
        AND NOT EXISTS (SELECT FROM events WHERE subject_id = tasks.id AND kind IN (${taskKinds}))`),
  };
}

function factsInLog(here: string, { horizon, begins }: LogBounds): { present: string; past: string } {
  return {
    // The snapshot includes changes of some transactions after the horizon; their events will be folded later.
    present: `
      SELECT -sign AS sign, owner_id, assignee_id, team, status, priority, due_on, created_at, completed_at
      FROM (${factsOfEvents(`${here} AND events.transaction_id >= ${horizon}`)}) AS later`,
    past: `
      SELECT sign, at, owner_id, assignee_id, team, status, created_at, started_at, completed_at, finishes, existed
      FROM (${factsOfEvents(`${here} AND events.transaction_id < ${horizon}`)}) AS recorded
      UNION ALL
      ${pastOf(`
        SELECT owner_id, assignee_id, team, status, coalesce(created_at, at) AS created_at, started_at, completed_at,
               ${movedAt(`least(at, greatest(created_at, '${begins ?? '-infinity'}'))`)} AS moved_at
        FROM (${factsOfEvents(`${here} AND sign = -1 AND kind <> 'task.created' AND ${isFirstKnown}`)}) AS first_known`)}`,
  };
}

/** When a task got the first status known of it, at the latest. */
function movedAt(latest: string): string {
  return `coalesce(completed_at, CASE status WHEN 'IN_PROGRESS' THEN started_at END, ${latest})`;
}

/** The first known event of a task, if its creation is not in the log. */
const isFirstKnown = `NOT EXISTS (
  SELECT FROM events AS other WHERE other.subject_id = events.subject_id AND (
    other.kind = 'task.created' OR other.kind IN (${taskKinds})
      AND (other.transaction_id, other.sequence) < (events.transaction_id, events.sequence)))`;

/** The history of tasks without a creation in the log: TODO until their first known status. */
function pastOf(unrecorded: string): string {
  return `
    SELECT sign, each.at, owner_id, assignee_id, team, each.status, unrecorded.created_at, started_at, completed_at,
           step = 3 AND each.status = 'DONE' AS finishes, true AS existed
    FROM (${unrecorded}) AS unrecorded CROSS JOIN LATERAL (VALUES
      (1, 1, created_at, 'TODO'::task_status), (2, -1, moved_at, 'TODO'), (3, 1, moved_at, unrecorded.status)
    ) AS each (step, sign, at, status)
    WHERE step = 1 OR unrecorded.status <> 'TODO'`;
}

const unexplained = `
  SELECT scope_id, (there - recorded)::int AS sign, now() AS at, status, false AS finishes, false AS existed,
         NULL::timestamptz AS created_at, NULL::timestamptz AS started_at, NULL::timestamptz AS completed_at
  FROM (
    SELECT scope_id, status, sum(there) AS there, sum(recorded) AS recorded FROM (
      SELECT scope_id, status, count AS there, 0 AS recorded FROM task_counts
      UNION ALL
      SELECT scope_id, each.status, 0, steps_at(steps, 96) FROM task_day_changes CROSS JOIN LATERAL (VALUES
        ('TODO'::task_status, todo), ('IN_PROGRESS', in_progress), ('DONE', done), ('CANCELLED', cancelled)
      ) AS each (status, steps)
    ) AS each GROUP BY 1, 2
  ) AS totals JOIN task_scopes ON id = scope_id
  WHERE generation = $1::int AND there <> recorded`;

async function removeReplaced(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `/* removeReplaced */
       WITH replaced AS (
         SELECT id FROM task_scopes WHERE generation <> (SELECT generation FROM ${state}) LIMIT $1
       ), ${TABLES.map((table) => `in_${table} AS (DELETE FROM ${table} WHERE scope_id IN (SELECT id FROM replaced))`).join(', ')}
       DELETE FROM task_scopes WHERE id IN (SELECT id FROM replaced)`,
      [SCOPES_REMOVED_AT_ONCE],
    );
    if (!rowCount) return;
  }
}
