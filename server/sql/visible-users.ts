import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Viewer } from '../policy.ts';
import { visibleSql } from './visible.ts';

/** The users a viewer sees: `visible.user` for many at once. */
export async function visibleUsers(
  db: Database | Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.$queryRaw<{ id: string }[]>`
    /* visibleUsers */ SELECT id FROM users WHERE id = ANY(${[...new Set(ids)]}::uuid[]) AND ${visibleSql.user(viewer)}`;
  return new Set(rows.map(({ id }) => id));
}

/** The users an event may name to a viewer. Administrators see all, for the audit trail. */
export async function namedPeople(
  db: Database | Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Set<string>> {
  return viewer.isAdmin ? new Set(ids) : visibleUsers(db, viewer, ids);
}
