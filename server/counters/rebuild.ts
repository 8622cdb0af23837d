import type { Client } from 'pg';
import { openSession } from '../database/session.ts';
import { factsOfEvents, factsOfTasks, scopesOf, taskKinds } from '../sql/task-facts.ts';
import { COUNTERS_LOCK } from './fold.ts';
import { counted, missingScopes, pastTotals, presentTotals } from './totals.ts';

export interface Progress {
  /** How many parts of the work are done, of how many. */
  done: number;
  of: number;
}

/** Two rebuilds at once would remove each other's rows; the lock ends with its connection. */
const REBUILD_LOCK = 7_274_636_113;

/** So many pages of tasks or events are one part; its transactions hold the log's readers up, so they must be short. */
const PAGES_IN_A_PART = 250;
const SCOPES_REMOVED_AT_ONCE = 200;

const TABLES = ['task_counts', 'task_due_counts', 'task_day_counts', 'task_day_changes', 'task_durations'];

/** The tables that are made from the others, and change by themselves when those do not. */
export const counterTables: readonly string[] = [
  'task_counter_state',
  'task_scopes',
  'storage_usage',
  'storage_changes',
  ...TABLES,
];

interface Snapshot {
  name: string;
  /** No transaction before this one was under way. */
  horizon: string;
  /** The moment of the oldest event; null where there is none. What was before it, the log no longer tells. */
  begins: string | null;
  /** How many pages each table has. */
  tasks: number;
  events: number;
}

type LogStart = Pick<Snapshot, 'horizon' | 'begins'>;

/** Rows of one table that are counted at once. */
interface Part {
  table: 'tasks' | 'events';
  /** By the pages that they are on. */
  from: number;
  to: number;
}

/**
 * Counts everything anew from the tasks and the log, while others go on reading and writing: the new counters are made
 * beside the old ones, from one snapshot of the database, and take their place at the end. A process that is killed
 * meanwhile leaves nothing but rows that the next rebuild removes.
 * @param onProgress hears after each part.
 */
export async function rebuildCounters(url: string, onProgress: (progress: Progress) => void): Promise<void> {
  await rebuildWhere(() => Promise.resolve(true), url, onProgress);
}

/** @param isWanted is asked once nobody else counts anew any more. */
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
  // Of tables that were filled just now PostgreSQL has no statistics yet, and would look rows up the slow way.
  await writer.client.query('ANALYZE tasks, events');
  const generation = await nextGeneration(writer.client);
  const snapshot = await keepSnapshot(reader.client);
  await makeRoom(writer.client);
  const parts = partsOf(snapshot);
  for (const [done, part] of parts.entries()) {
    // Now and then, or PostgreSQL may take its transaction for a forgotten one.
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
  await writer.client.query('BEGIN');
  await writer.client.query('SELECT pg_advisory_xact_lock($1)', [COUNTERS_LOCK]);
  await writer.client.query('UPDATE task_counter_state SET generation = $1, transaction_id = $2', [
    generation,
    snapshot.horizon,
  ]);
  await writer.client.query('COMMIT');
  await removeReplaced(writer.client);
  // Of every row there are as many versions as parts had to do with it, and none could go while the snapshot was kept.
  await writer.client.query(`VACUUM (ANALYZE) ${TABLES.join(', ')}, task_scopes`);
}

/**
 * Counts what was there before there were counters, or before the database came to another cluster, whose
 * transactions have other numbers. Costs one statement where that is done; of several processes one does it.
 */
export async function countUncounted(url: string, onProgress: (progress: Progress) => void): Promise<void> {
  await using asking = await open(url);
  if (await isUncounted(asking.client)) await rebuildWhere(isUncounted, url, onProgress);
}

async function isUncounted(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ uncounted: boolean }>(
    `/* countUncounted */
     SELECT coalesce(transaction_id > pg_snapshot_xmax(pg_current_snapshot())::text::bigint, true) AS uncounted
     FROM task_counter_state`,
  );
  return rows[0]?.uncounted === true;
}

async function open(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = await openSession(url, { application_name: 'taskwire rebuild' }, { work_mem: '64MB' });
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

async function nextGeneration(client: Client): Promise<number> {
  const { rows } = await client.query<{ generation: number }>(
    'SELECT generation + 1 AS generation FROM task_counter_state',
  );
  return rows[0]?.generation ?? 1;
}

/** Begins a transaction whose snapshot others can take over until it ends. */
async function keepSnapshot(client: Client): Promise<Snapshot> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<Snapshot>(
    `SELECT pg_export_snapshot() AS name, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
            (SELECT min(at)::text FROM events) AS begins, ${pagesOf('tasks')} AS tasks, ${pagesOf('events')} AS events`,
  );
  if (!rows[0]) throw new Error('a snapshot always has one row');
  return rows[0];
}

/** @throws why the snapshot is gone, where it is. */
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

/** Makes the tables of this connection alone that hold the facts of one part. */
async function makeRoom(client: Client): Promise<void> {
  const nothing: Part = { table: 'tasks', from: 0, to: 0 };
  for (const [room, facts] of Object.entries(factsOf(nothing, { horizon: '0', begins: null })))
    await client.query(`CREATE TEMPORARY TABLE ${room} AS ${facts} WITH NO DATA`);
}

/** Reads as of the snapshot, in which the counters of other parts are not to be seen yet. */
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

/** Of rows that lie close together much is found by an index; PostgreSQL, which has no statistics of them, reads all. */
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

/** What there is in a part, and what has happened, with the scopes that it counts in. */
function factsOf({ table, from, to }: Part, log: LogStart): { present: string; past: string } {
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

function factsInLog(here: string, { horizon, begins }: LogStart): { present: string; past: string } {
  return {
    // The snapshot has tasks as some transactions after the horizon left them, whose events are yet to be folded.
    present: `
      SELECT -sign AS sign, owner_id, assignee_id, team, status, priority, due_on, created_at, completed_at
      FROM (${factsOfEvents(`${here} AND events.transaction_id >= ${horizon}`)}) AS later`,
    past: `
      SELECT sign, at, owner_id, assignee_id, team, status, created_at, started_at, completed_at, finishes, existed
      FROM (${factsOfEvents(`${here} AND events.transaction_id < ${horizon}`)}) AS told
      UNION ALL
      ${pastOf(`
        SELECT owner_id, assignee_id, team, status, coalesce(created_at, at) AS created_at, started_at, completed_at,
               ${movedAt(`least(at, greatest(created_at, '${begins ?? '-infinity'}'))`)} AS moved_at
        FROM (${factsOfEvents(`${here} AND sign = -1 AND kind <> 'task.created' AND ${isFirstKnown}`)}) AS first_known`)}`,
  };
}

/** When a task took on the status that it is first known to have, at the latest at a moment. */
function movedAt(latest: string): string {
  return `coalesce(completed_at, CASE status WHEN 'IN_PROGRESS' THEN started_at END, ${latest})`;
}

/** Of an event: that it is the first of its task, and not of the task's creation. */
const isFirstKnown = `NOT EXISTS (
  SELECT FROM events AS other WHERE other.subject_id = events.subject_id AND (
    other.kind = 'task.created' OR other.kind IN (${taskKinds})
      AND (other.transaction_id, other.sequence) < (events.transaction_id, events.sequence)))`;

/**
 * What happened to tasks whose creation the log does not tell: that they were TODO from then on, until what they were
 * first known to be.
 */
function pastOf(untold: string): string {
  return `
    SELECT sign, each.at, owner_id, assignee_id, team, each.status, untold.created_at, started_at, completed_at,
           step = 3 AND each.status = 'DONE' AS finishes, true AS existed
    FROM (${untold}) AS untold CROSS JOIN LATERAL (VALUES
      (1, 1, created_at, 'TODO'::task_status), (2, -1, moved_at, 'TODO'), (3, 1, moved_at, untold.status)
    ) AS each (step, sign, at, status)
    WHERE step = 1 OR untold.status <> 'TODO'`;
}

/** By how many what the log tells falls short of what there is, as of now. */
const unexplained = `
  SELECT scope_id, (there - told)::int AS sign, now() AS at, status, false AS finishes, false AS existed,
         NULL::timestamptz AS created_at, NULL::timestamptz AS started_at, NULL::timestamptz AS completed_at
  FROM (
    SELECT scope_id, status, sum(there) AS there, sum(told) AS told FROM (
      SELECT scope_id, status, count AS there, 0 AS told FROM task_counts
      UNION ALL
      SELECT scope_id, each.status, 0, steps_at(steps, 96) FROM task_day_changes CROSS JOIN LATERAL (VALUES
        ('TODO'::task_status, todo), ('IN_PROGRESS', in_progress), ('DONE', done), ('CANCELLED', cancelled)
      ) AS each (status, steps)
    ) AS each GROUP BY 1, 2
  ) AS totals JOIN task_scopes ON id = scope_id
  WHERE generation = $1::int AND there <> told`;

/** Removes the scopes that no generation in use has, some at a time. */
async function removeReplaced(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `/* removeReplaced */
       WITH replaced AS (
         SELECT id FROM task_scopes WHERE generation <> (SELECT generation FROM task_counter_state) LIMIT $1
       ), ${TABLES.map((table) => `in_${table} AS (DELETE FROM ${table} WHERE scope_id IN (SELECT id FROM replaced))`).join(', ')}
       DELETE FROM task_scopes WHERE id IN (SELECT id FROM replaced)`,
      [SCOPES_REMOVED_AT_ONCE],
    );
    if (!rowCount) return;
  }
}
