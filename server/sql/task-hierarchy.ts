import type { Transaction } from '../database/transaction.ts';

interface Place {
  id: string;
  circular: boolean;
  depth: number;
}

/** The position of tasks in the hierarchy, searched up to one level beyond `deepest`. */
export async function hierarchyOf(
  tx: Transaction,
  ids: readonly string[],
  deepest: number,
): Promise<Map<string, Place>> {
  const places = await tx.$queryRaw<Place[]>`
    /* hierarchyOf */
    WITH RECURSIVE above AS (
      SELECT id AS origin, id, parent_id, 1 AS depth FROM tasks WHERE id = ANY(${ids}::uuid[])
      UNION ALL
      SELECT origin, tasks.id, tasks.parent_id, depth + 1
      FROM tasks JOIN above ON tasks.id = above.parent_id WHERE depth <= ${deepest}
    ), below AS (
      SELECT id AS origin, id, 1 AS depth FROM tasks WHERE id = ANY(${ids}::uuid[])
      UNION
      SELECT origin, tasks.id, depth + 1
      FROM tasks JOIN below ON tasks.parent_id = below.id WHERE depth <= ${deepest}
    )
    SELECT origin AS id, circular, highest + lowest - 1 AS depth
    FROM (SELECT origin, max(depth) AS highest, count(*) FILTER (WHERE id = origin) > 1 AS circular
          FROM above GROUP BY origin) AS up
    JOIN (SELECT origin, max(depth) AS lowest FROM below GROUP BY origin) AS down USING (origin)`;
  return new Map(places.map((place) => [place.id, place]));
}
