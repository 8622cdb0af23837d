/** The oldest transaction that is still under way, in SQL: all before it have ended. */
export const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text';

/**
 * The same without the transactions that are known to write to other databases of the same PostgreSQL. Nobody's
 * transaction changes its database, so it does not matter that the activity is read after the snapshot; where the
 * role may not see who runs a transaction, it counts as one of ours.
 */
export const HORIZON_HERE = `coalesce(
  (SELECT min(id::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS id
   WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname <> current_database()
     AND backend_xid::text::bigint = id::text::bigint & x'ffffffff'::bigint))::text,
  pg_snapshot_xmax(pg_current_snapshot())::text)`;
