import { addAbortListener } from 'node:events';
import type { Client } from 'pg';
import { openSession, type Session } from '../database/session.ts';
import { continueFrom, stateOf } from '../log/consumer.ts';
import { factsOfEvents, factsOfTasks, scopesOf, taskKinds } from '../sql/task-facts.ts';
import { taskCounters } from './fold.ts';
import {
  addDeltasSql,
  addSql,
  columnsIn,
  givenRows,
  missingScopes,
  SCOPE,
  totals,
  type Total,
} from './totals.ts';

/** The number of rows that were counted so far of a table. */
export interface Progress {
  table: string;
  rows: number;
}

/** Two rebuilds would delete each other's rows. Each writer has a lock, which ends with its last transaction. */
const PRESENT_LOCK = 7_274_636_113;
const PAST_LOCK = 7_274_636_116;

/** Log readers wait for transactions that write, so they must be short. */
const ROWS_WRITTEN_AT_ONCE = 10_000;
const SCOPES_REMOVED_AT_ONCE = 200;

const TABLES = totals.map(({ table }) => table);

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
}

/**
 * Rebuilds the counters from the tasks and the log during normal operation: the new counters are created next to the
 * old ones, from one snapshot, and replace them at the end. A killed rebuild leaves rows that the next one deletes.
 * @param onProgress called after each transaction that writes.
 * @param signal stops it; the counters stay as they were.
 */
export async function rebuildCounters(
  url: string,
  onProgress: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<void> {
  await rebuildWhere(() => Promise.resolve(true), url, onProgress, signal);
}

async function rebuildWhere(
  isWanted: (client: Client) => Promise<boolean>,
  url: string,
  onProgress: (progress: Progress) => void,
  signal = new AbortController().signal,
): Promise<void> {
  await using open = new AsyncDisposableStack();
  const session = async () => open.use(await openRebuildSession(url));
  const writer = await session();
  await writer.query('SELECT pg_advisory_lock($1)', [PRESENT_LOCK]);
  if (!(await isWanted(writer))) return;
  const otherWriter = await session();
  await otherWriter.query('SELECT pg_advisory_lock($1)', [PAST_LOCK]);
  await removeReplaced(writer);
  // Newly filled tables have no statistics, which leads to slow plans.
  await writer.query('ANALYZE tasks, events');
  const generation = await nextGeneration(writer);
  const reader = await session();
  const snapshot = await openSnapshot(reader);
  const otherReader = await session();
  await otherReader.query(`${BEGIN_READING}; SET TRANSACTION SNAPSHOT '${snapshot.name}'`);
  const stopped = Promise.withResolvers<never>();
  open.use(
    addAbortListener(signal, () => {
      stopped.reject(signal.reason);
    }),
  );
  // After a failure, the sessions close, which ends their statements.
  await Promise.race([
    stopped.promise,
    Promise.all([
      count('present', { reader, writer, snapshot, generation, onProgress }),
      count('past', { reader: otherReader, writer: otherWriter, snapshot, generation, onProgress }),
    ]),
  ]);
  await addUnexplained(writer, generation);
  await continueFrom(writer, taskCounters, { generation, from: snapshot.horizon });
  await removeReplaced(writer);
  await writer.query(`VACUUM (ANALYZE) ${TABLES.join(', ')}, task_scopes`);
}

interface Counting {
  reader: Client;
  writer: Client;
  snapshot: Snapshot;
  generation: number;
  onProgress: (progress: Progress) => void;
}

/** Reads the next rows while it writes the last ones. */
async function count(
  of: Total['of'],
  { reader, writer, snapshot, generation, onProgress }: Counting,
): Promise<void> {
  for (const total of totals.filter((one) => one.of === of)) {
    await reader.query(`/* countDeltas */ DECLARE deltas CURSOR FOR ${deltasSql(total, snapshot)}`);
    let deltas = await nextDeltas(reader);
    for (let rows = 0; deltas.length > 0;) {
      rows += deltas.length;
      [deltas] = await Promise.all([nextDeltas(reader), addDeltas(writer, total, generation, deltas)]);
      onProgress({ table: total.table, rows });
    }
    await reader.query('CLOSE deltas');
  }
  await reader.query('COMMIT');
}

/** Also for a log from another cluster with other transaction ids. One of several processes does it. */
export async function countUncounted(url: string, onProgress: (progress: Progress) => void): Promise<void> {
  await using asking = await openRebuildSession(url);
  if (await isUncounted(asking)) await rebuildWhere(isUncounted, url, onProgress);
}

async function isUncounted(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ uncounted: boolean }>(
    `/* countUncounted */
     SELECT coalesce(transaction_id > pg_snapshot_xmax(pg_current_snapshot())::text::bigint, true) AS uncounted
     FROM ${state}`,
  );
  return rows[0]?.uncounted === true;
}

function openRebuildSession(url: string): Promise<Session> {
  const settings = { work_mem: '64MB', cursor_tuple_fraction: '1' };
  return openSession(url, { application_name: 'taskwire rebuild' }, settings);
}

async function nextGeneration(client: Client): Promise<number> {
  const { rows } = await client.query<{ generation: number }>(
    `SELECT generation + 1 AS generation FROM ${state}`,
  );
  return rows[0]?.generation ?? 1;
}

/** A transaction that only reads has no transaction id, so log readers do not wait for it. */
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

async function openSnapshot(client: Client): Promise<Snapshot> {
  await client.query(BEGIN_READING);
  const { rows } = await client.query<Snapshot>(
    `SELECT pg_export_snapshot() AS name, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
            (SELECT min(at)::text FROM events) AS begins`,
  );
  if (!rows[0]) throw new Error('a snapshot always has one row');
  return rows[0];
}

/** In the order of scopes, so that rows of a scope are next to each other in the table. */
function deltasSql(total: Total, snapshot: Snapshot): string {
  const facts = total.of === 'present' ? presentFacts(snapshot) : pastFacts(snapshot);
  const columns = columnsIn(total).map(([name]) => name);
  return `
    WITH facts AS (${facts}), scoped AS (${scopesOf('facts')})
    SELECT ${columns.join(', ')} FROM (${total.deltas}) AS deltas ORDER BY ${SCOPE}`;
}

/** Values as text, in the order of `columnsIn`. */
type Delta = (string | null)[];

const AS_TEXT = { getTypeParser: () => (text: string) => text };

async function nextDeltas(client: Client): Promise<Delta[]> {
  const text = `/* countDeltas */ FETCH ${ROWS_WRITTEN_AT_ONCE} FROM deltas`;
  const { rows } = await client.query<Delta>({ text, rowMode: 'array', types: AS_TEXT });
  return rows;
}

async function addDeltas(
  client: Client,
  total: Total,
  generation: number,
  deltas: readonly Delta[],
): Promise<void> {
  const width = columnsIn().length;
  const scopes = new Map(deltas.map((delta) => [delta.slice(0, width).join(), delta]));
  const arraysOf = (rows: readonly Delta[], columns: unknown[]) =>
    columns.map((_, n) => rows.map((row) => row[n] ?? null));
  await inTransaction(client, async () => {
    await client.query(`/* makeScopes */ ${missingScopes(`(${givenRows()}) AS given`)}`, [
      generation,
      ...arraysOf([...scopes.values()], columnsIn()),
    ]);
    await client.query(`/* addDeltas */ WITH ${addDeltasSql(total, givenRows(total))} SELECT`, [
      generation,
      ...arraysOf(deltas, columnsIn(total)),
    ]);
  });
}

async function addUnexplained(client: Client, generation: number): Promise<void> {
  const scoped = `WITH scoped AS MATERIALIZED (${unexplained})`;
  const past = totals.filter(({ of }) => of === 'past');
  await client.query(`/* addUnexplained */ ${scoped}, ${addSql(past)} SELECT`, [generation]);
}

/** New rows have no statistics; without them, PostgreSQL would not use the indexes. */
async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN; SET LOCAL enable_seqscan = off');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function presentFacts({ horizon }: Snapshot): string {
  // The snapshot includes changes of some transactions after the horizon; their events will be folded later.
  return `
    ${factsOfTasks}
    UNION ALL
    SELECT -sign AS sign, owner_id, assignee_id, team, status, priority, due_on, created_at, completed_at
    FROM (${factsOfEvents(`events.transaction_id >= ${horizon}`)}) AS later`;
}

function pastFacts({ horizon, begins }: Snapshot): string {
  return `
    SELECT sign, at, owner_id, assignee_id, team, status, created_at, started_at, completed_at, finishes, existed
    FROM (${factsOfEvents(`events.transaction_id < ${horizon}`)}) AS recorded
    UNION ALL
    ${pastOf(`
      SELECT owner_id, assignee_id, team_id AS team, status, created_at, started_at, completed_at,
             ${movedAt('updated_at')} AS moved_at
      FROM tasks WHERE archived_at IS NULL
        AND NOT EXISTS (SELECT FROM events WHERE subject_id = tasks.id AND kind IN (${taskKinds}))`)}
    UNION ALL
    ${pastOf(`
      SELECT owner_id, assignee_id, team, status, coalesce(created_at, at) AS created_at, started_at, completed_at,
             ${movedAt(`least(at, greatest(created_at, '${begins ?? '-infinity'}'))`)} AS moved_at
      FROM (${factsOfEvents(`sign = -1 AND kind <> 'task.created' AND ${isFirstKnown}`)}) AS first_known`)}`;
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

/** Differences that the log does not explain count as changes of now. */
const unexplained = `
  SELECT kind, of_id, team_id, (there - recorded)::int AS sign, now() AS at, status, false AS finishes, false AS existed,
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
