import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { conditionOf, within, type Condition } from './columns.ts';
import { countersFor, MOST_COUNTED, type CountedTasks } from './count-tasks.ts';
import type { Scope } from './counter-scope.ts';
import { orderColumns, type TotalOrder } from './ordered-tasks.ts';
import { tasks } from './tables.ts';
import { visibleSql } from './visible.ts';

/** What tasks are grouped by; `dueWeek` is the Monday. */
export type GroupKey = 'status' | 'priority' | 'assignee' | 'label' | 'dueWeek' | 'dueDay';

export interface GroupCount {
  /** Null for tasks without a value. */
  key: string | null;
  count: number;
}

export interface GroupCounts {
  groups: GroupCount[];
  /** False if there are more tasks than were counted. */
  isExact: boolean;
}

const KEYS: Record<GroupKey, string> = {
  status: 'tasks.status::text',
  priority: 'tasks.priority::text',
  assignee: 'tasks.assignee_id::text',
  label: 'tasks.labels',
  dueWeek: `date_trunc('week', tasks.due_on)::date::text`,
  dueDay: 'tasks.due_on::text',
};

const nearest = (today: string) => Prisma.sql`key IS NULL DESC, abs(key::date - ${today}::date)`;

/** The largest first; of days and weeks, the nearest to `today`. */
const ORDERS: Record<GroupKey, Prisma.Sql | ((today: string) => Prisma.Sql)> = {
  status: Prisma.sql`count DESC`,
  priority: Prisma.sql`count DESC`,
  assignee: Prisma.sql`key IS NULL DESC, count DESC, key`,
  label: Prisma.sql`key IS NULL DESC, count DESC, key`,
  dueWeek: nearest,
  dueDay: nearest,
};

/**
 * The numbers of tasks by a key, in one statement: from the counters if they know them, otherwise counted up to 10,000.
 * @param most the number of groups.
 */
export async function groupTasks(
  db: Database,
  viewer: Viewer,
  by: GroupKey,
  counted: CountedTasks | null,
  scope: Scope | null,
  where: Condition,
  { most, today }: { most: number; today: string },
): Promise<GroupCounts> {
  const isCounted = counted?.due === null && (by === 'status' || by === 'priority');
  const known = isCounted ? await groupByCounters(db, viewer, by, counted) : null;
  if (known) return { groups: known, isExact: true };
  const order = ORDERS[by];
  const rows = await run<GroupCount & { scanned: number }>(
    db,
    Prisma.sql`
    /* groupTasks */ /* custom plan */
    WITH counted AS MATERIALIZED (
      SELECT ${Prisma.raw(KEYS[by])} AS key FROM ${visibleSql.tasks(viewer, scope)} AS tasks
      WHERE ${sqlOf(where)} LIMIT ${MOST_COUNTED + 1}
    ), grouped AS (
      SELECT each.key, count(*)::int AS count FROM counted AS tasks ${keysOf(by)} GROUP BY 1
    )
    SELECT key, count, (SELECT count(*) FROM counted)::int AS scanned FROM grouped
    ORDER BY ${order instanceof Prisma.Sql ? order : order(today)} LIMIT ${most}`,
  );
  return {
    groups: rows.map(({ key, count }) => ({ key, count })),
    isExact: (rows[0]?.scanned ?? 0) <= MOST_COUNTED,
  };
}

/**
 * The ids of the first tasks of each group, in one statement, of at most as many tasks as are counted.
 * @param keys the groups.
 * @param most the number of tasks of a group.
 */
export async function firstOfGroups(
  db: Database,
  viewer: Viewer,
  by: GroupKey,
  scope: Scope | null,
  where: Condition,
  { keys, most, order }: { keys: readonly (string | null)[]; most: number; order: TotalOrder },
): Promise<Map<string | null, string[]>> {
  const { columns, text } = orderColumns(order);
  const rows = await run<{ key: string | null; id: string }>(
    db,
    Prisma.sql`
    /* firstOfGroups */ /* custom plan */
    SELECT key, id FROM (
      SELECT each.key, tasks.id, row_number() OVER (PARTITION BY each.key ORDER BY ${text}) AS place
      FROM (
        SELECT ${Prisma.raw(KEYS[by])} AS key, ${columns} FROM ${visibleSql.tasks(viewer, scope)} AS tasks
        WHERE ${sqlOf(where)} LIMIT ${MOST_COUNTED}
      ) AS tasks ${keysOf(by)}
      WHERE each.key IS NULL OR each.key = ANY(${keys.filter((key) => key !== null)})
    ) AS placed
    WHERE place <= ${most} ORDER BY key, place`,
  );
  const byKey = Map.groupBy(rows, ({ key }) => key);
  return new Map([...byKey].map(([key, found]) => [key, found.map(({ id }) => id)]));
}

function sqlOf(where: Condition): Prisma.Sql {
  const condition = conditionOf(within(tasks.name, tasks.columns), where, tasks.related);
  if (!condition) throw new TypeError('There is no SQL for this condition on tasks');
  return condition;
}

/** Joins the keys of a task: of its labels, each one. */
function keysOf(by: GroupKey): Prisma.Sql {
  return by === 'label'
    ? Prisma.sql`LEFT JOIN LATERAL unnest(tasks.key) AS each (key) ON true`
    : Prisma.sql`CROSS JOIN LATERAL (SELECT tasks.key) AS each`;
}

async function groupByCounters(
  db: Database,
  viewer: Viewer,
  by: 'status' | 'priority',
  counted: CountedTasks,
): Promise<GroupCount[] | null> {
  const counters = countersFor(viewer, counted);
  if (!counters) return null;
  const { tables, rows, condition, isWhole } = counters;
  const groups = await run<GroupCount & { isWhole: boolean }>(
    db,
    Prisma.sql`
    /* groupByCounters */
    WITH ${tables}
    SELECT ${Prisma.raw(by)}::text AS key, coalesce(sum(n), 0)::int AS count, ${isWhole} AS "isWhole"
    FROM (${rows}) AS each (status, priority, due_on, n)
    WHERE ${condition}
    GROUP BY GROUPING SETS ((), (${Prisma.raw(by)}))`,
  );
  if (!groups.every((group) => group.isWhole)) return null;
  return groups.flatMap(({ key, count }) => (key === null ? [] : [{ key, count }]));
}
