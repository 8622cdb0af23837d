import { Prisma, type SharePermission, type TeamRole } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { isTransaction, type Transaction } from '../database/transaction.ts';
import { Unauthenticated } from '../errors.ts';
import type { Person, Viewer } from '../policy.ts';

/** A viewer, with the snapshot that their rights were read at. */
export interface ViewerNow extends Viewer {
  /** As PostgreSQL writes it; `markOf` reads it. */
  snapshot: string;
}

interface Row {
  email: string;
  snapshot: string;
  teams: Record<string, TeamRole> | null;
  /** Each task's id with the permission right behind it: much cheaper to write and to read than JSON. */
  shared: string | null;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Reads what decides a person's rights, as of now.
 * @param adminEmails whom to let read the audit trail; verbs need not say, for it allows no change.
 * @throws Unauthenticated where the person's account is gone.
 */
export async function viewerOf(
  db: Database | Transaction,
  { userId }: Person,
  adminEmails = NOBODY,
): Promise<ViewerNow> {
  const sql = Prisma.sql`
    /* viewerOf */
    SELECT email, pg_current_snapshot()::text AS snapshot,
           (SELECT json_object_agg(team_id, role) FROM memberships WHERE user_id = users.id) AS teams,
           (SELECT string_agg(task_id::text || permission::text, ' ') FROM task_shares
            WHERE shared_with_id = users.id AND (expires_at IS NULL OR expires_at > now())) AS shared
    FROM users WHERE id = ${userId}::uuid`;
  const [row] = isTransaction(db) ? await db.$queryRaw<Row[]>(sql) : await run<Row>(db as Database, sql);
  if (!row) throw new Unauthenticated('This account is gone; sign up for a new one.');
  return {
    userId,
    email: row.email,
    teams: new Map(Object.entries(row.teams ?? {})),
    sharedTasks: new Map(row.shared?.split(' ').map(sharedTask)),
    isAdmin: adminEmails.has(row.email),
    snapshot: row.snapshot,
  };
}

const ID_LENGTH = 36;

function sharedTask(given: string): [id: string, permission: SharePermission] {
  return [given.slice(0, ID_LENGTH), given.slice(ID_LENGTH) as SharePermission];
}
