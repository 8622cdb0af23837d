import type { Client } from 'pg';

const MOST_CHANGES = 20_000;

/** Several processes can do so at once. @returns the number of folded changes. */
export async function foldStorage(client: Client): Promise<number> {
  const { rows } = await client.query<{ folded: number }>(
    `/* foldStorage */
     WITH taken AS (
       DELETE FROM storage_changes WHERE id IN (
         SELECT id FROM storage_changes ORDER BY id LIMIT ${MOST_CHANGES} FOR UPDATE SKIP LOCKED)
       RETURNING *
     ), changed AS (
       SELECT user_id, sum(rows) AS rows, sum(bytes) AS bytes FROM taken
       WHERE EXISTS (SELECT FROM users WHERE users.id = user_id)
       GROUP BY user_id ORDER BY user_id
     ), folded AS (
       INSERT INTO storage_usage AS known (user_id, rows, bytes) SELECT user_id, rows, bytes FROM changed
       ON CONFLICT (user_id) DO UPDATE SET rows = known.rows + excluded.rows, bytes = known.bytes + excluded.bytes
     )
     SELECT count(*)::int AS folded FROM taken`,
  );
  return rows[0]?.folded ?? 0;
}
