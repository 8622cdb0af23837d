import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import type { Scope } from './counter-scope.ts';
import { orderedTasks, type TotalOrder } from './ordered-tasks.ts';
import { visibleSql } from './visible.ts';

/** Limits the cost: labels of tasks that were changed before these are not counted. */
export const MOST_LABELLED = 5_000;
export const MOST_LABELS = 100;

export interface LabelUse {
  label: string;
  count: number;
}

const LATEST_FIRST: TotalOrder = {
  criteria: ['updatedAt', 'id'].map((field) => ({ field, direction: 'desc' })),
  bounds: [],
  isBackward: false,
};

/** The labels of the most recently changed visible tasks, the most frequent first. @param scope null for all tasks. */
export async function labelsInUse(
  db: Database,
  viewer: Viewer,
  scope: Scope | null,
  prefix: string,
  limit: number,
): Promise<LabelUse[]> {
  const columns = Prisma.raw('tasks.id, tasks.updated_at, tasks.place_id, tasks.labels');
  const wanted = { where: {}, order: LATEST_FIRST, take: MOST_LABELLED };
  const pattern = `${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return run<LabelUse>(
    db,
    Prisma.sql`
      /* labelsInUse */ /* custom plan */
      SELECT label, count(*)::int AS count
      FROM (SELECT labels FROM (${orderedTasks(viewer, scope, wanted, columns)}) AS tasks
            WHERE labels <> '{}' AND ${visibleSql.task(viewer)} OFFSET 0) AS visible
      CROSS JOIN unnest(labels) AS label
      WHERE label ILIKE ${pattern}
      GROUP BY label ORDER BY count(*) DESC, label LIMIT ${limit}`,
  );
}
