/** The oldest transaction in progress, in SQL. All earlier ones have ended. */
export const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text';

/**
 * Like `HORIZON`, without transactions of other databases in the same PostgreSQL. A transaction never changes its
 * database, so the activity can be read after the snapshot. A transaction without a visible session counts as one
 * of ours.
 */
export const HORIZON_HERE = `coalesce(
  (SELECT min(id::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS id
   WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname <> current_database()
     AND backend_xid::text::bigint = id::text::bigint & x'ffffffff'::bigint))::text,
  pg_snapshot_xmax(pg_current_snapshot())::text)`;
