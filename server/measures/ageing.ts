import { Prisma } from '../../prisma/generated/client/client.ts';
import { publicId } from '../ids.ts';
import type { Viewer } from '../policy.ts';
import { conditionOf, within, type Condition } from '../sql/columns.ts';
import { MOST_COUNTED } from '../sql/count-tasks.ts';
import type { Scope } from '../sql/counter-scope.ts';
import { tasks } from '../sql/tables.ts';
import { visibleSql } from '../sql/visible.ts';
import type { Series } from './series.ts';

const MOST_LISTED = 50;

export interface AgeingRow {
  /** How many tasks were read; more than `MOST_COUNTED` if there are more. */
  scanned: number;
  oldest: { id: string; title: string; seconds: number }[] | null;
}

/**
 * The tasks in progress, those that were started first. The oldest of more than 10,000 are not known.
 * @param where the visible tasks, as a Prisma condition.
 */
export function ageingSql(
  viewer: Viewer,
  { scope, where }: { scope: Scope | null; where: Condition },
): Prisma.Sql {
  const condition = conditionOf(within(tasks.name, tasks.columns), where, tasks.related);
  if (!condition) throw new TypeError('There is no SQL for this condition on tasks');
  return Prisma.sql`
    WITH counted AS MATERIALIZED (
      SELECT tasks.id, tasks.title, tasks.started_at FROM ${visibleSql.tasks(viewer, scope)} AS tasks
      WHERE ${condition} AND tasks.status = 'IN_PROGRESS' AND tasks.started_at IS NOT NULL LIMIT ${MOST_COUNTED + 1}
    ), oldest AS (
      SELECT id, title, extract(epoch FROM now() - started_at)::float8 AS seconds
      FROM counted ORDER BY started_at, id LIMIT ${MOST_LISTED}
    )
    SELECT (SELECT count(*) FROM counted)::int AS scanned,
           (SELECT json_agg(oldest ORDER BY seconds DESC, id) FROM oldest) AS oldest`;
}

/** A point for each task, and how many more there are. */
export function ageingIn({ scanned, oldest }: AgeingRow): { series: Series[]; omittedGroups: number } {
  const points = (oldest ?? []).map(({ id, title, seconds }) => ({
    key: publicId('Task', id),
    name: title,
    value: seconds,
    filterText: `id:${publicId('Task', id)}`,
  }));
  return {
    series: [{ key: null, name: null, points }],
    omittedGroups: Math.max(0, scanned - MOST_LISTED),
  };
}
