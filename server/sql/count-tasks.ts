import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { conditionOf, word, type Condition } from './columns.ts';
import { counterScope, type Scope } from './counter-scope.ts';
import { UNEXPIRED } from './shares.ts';
import { countRows } from './read-page.ts';
import { isOpen } from './task-facts.ts';
import { taskColumns, tasks as table } from './tables.ts';
import { visibleSql } from './visible.ts';
import { unseen } from './unseen.ts';

export interface Total {
  count: number;
  /** False if there are more. */
  isExact: boolean;
}

export interface CountedTasks {
  /** Null for all tasks that the viewer sees. */
  scope: Scope | null;
  /** On status and priority, as a Prisma condition. */
  where: Condition;
  /** On the due date of open tasks, or those without one. Replaces `where`. */
  due: Condition | 'none' | null;
}

export const MOST_COUNTED = 10_000;
/** If a person has received more shares, the tasks are counted instead. */
const MOST_SHARES = 1_000;

const kinds = { status: word('status', 'task_status'), priority: word('priority', 'task_priority') };
const days = { dueOn: taskColumns.dueOn };

/** The number of tasks: from the counters if they know it, otherwise counted up to 10,000. */
export async function countTasks(
  db: Database,
  viewer: Viewer,
  counted: CountedTasks | null,
  scope: Scope | null,
  where: Condition,
): Promise<Total> {
  const known = counted && (await countByCounters(db, viewer, counted));
  if (known !== null) return { count: known, isExact: true };
  const from = visibleSql.tasks(viewer, scope);
  const count = await countRows(db, table, where, { from, most: MOST_COUNTED + 1 });
  return { count: Math.min(count, MOST_COUNTED), isExact: count <= MOST_COUNTED };
}

/** Queries of the counters, the later events, and the visible shares. */
interface Counters {
  /** CTEs. */
  tables: Prisma.Sql;
  /** Numbers to add, by status, priority and due date. */
  rows: Prisma.Sql;
  condition: Prisma.Sql;
  /** False if the person has received too many shares. */
  isWhole: Prisma.Sql;
}

/** Null if the counters do not know the number. */
export function countersFor(viewer: Viewer, { scope, where, due }: CountedTasks): Counters | null {
  const condition =
    due === 'none' ? Prisma.sql`due_on IS NULL` : due ? conditionOf(days, due) : conditionOf(kinds, where);
  if (!condition) return null;
  const { parts, seenByShare, shares } = counterScope(viewer, scope);
  const byKind = Prisma.sql`SELECT status, priority, NULL::date, count FROM scopes JOIN task_counts ON scope_id = scopes.id`;
  const byDay = Prisma.sql`scopes JOIN task_due_counts ON scope_id = scopes.id`;
  const counters =
    due === 'none'
      ? Prisma.sql`${byKind} AND ${Prisma.raw(isOpen)} UNION ALL SELECT NULL, NULL, NULL, -count FROM ${byDay}`
      : due
        ? Prisma.sql`SELECT NULL::task_status, NULL::task_priority, due_on, count FROM ${byDay}`
        : byKind;
  return {
    tables: Prisma.sql`${parts}, received AS MATERIALIZED (
      SELECT task_id FROM task_shares
      WHERE shared_with_id = ${unseen(viewer.ownId, 'uuid')} AND ${UNEXPIRED} AND ${shares}
      LIMIT ${scope && scope.teamId !== null ? 0 : MOST_SHARES + 1}
    ), late AS (
      SELECT sign, status, priority, due_on FROM tail
      UNION ALL
      SELECT 1, status, priority, due_on FROM received JOIN tasks ON tasks.id = task_id
      WHERE ${seenByShare} AND archived_at IS NULL
    )`,
    rows: Prisma.sql`${counters}
          UNION ALL SELECT status, priority, due_on, sign FROM late
          WHERE ${Prisma.raw(due ? isOpen : 'true')}`,
    condition,
    isWhole: Prisma.sql`(SELECT count(*) FROM received) <= ${MOST_SHARES}`,
  };
}

async function countByCounters(db: Database, viewer: Viewer, counted: CountedTasks): Promise<number | null> {
  const counters = countersFor(viewer, counted);
  if (!counters) return null;
  const { tables, rows, condition, isWhole } = counters;
  const [row] = await run<{ count: number; isWhole: boolean }>(
    db,
    Prisma.sql`
    /* countByCounters */
    WITH ${tables}
    SELECT coalesce(sum(n), 0)::int AS count, ${isWhole} AS "isWhole"
    FROM (${rows}) AS each (status, priority, due_on, n)
    WHERE ${condition}`,
  );
  return row?.isWhole ? row.count : null;
}
