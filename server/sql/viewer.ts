import type { SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { Unauthenticated } from '../errors.ts';
import type { Person, Viewer } from '../policy.ts';

interface Row {
  email: string;
  teams: Record<string, TeamRole> | null;
  shared: Record<string, SharePermission> | null;
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
): Promise<Viewer> {
  const [row] = await db.$queryRaw<Row[]>`
    /* viewerOf */
    SELECT email,
           (SELECT json_object_agg(team_id, role) FROM memberships WHERE user_id = users.id) AS teams,
           (SELECT json_object_agg(task_id, permission) FROM task_shares
            WHERE shared_with_id = users.id AND (expires_at IS NULL OR expires_at > now())) AS shared
    FROM users WHERE id = ${userId}::uuid`;
  if (!row) throw new Unauthenticated('This account is gone; sign up for a new one.');
  return {
    userId,
    email: row.email,
    teams: new Map(Object.entries(row.teams ?? {})),
    sharedTasks: new Map(Object.entries(row.shared ?? {})),
    isAdmin: adminEmails.has(row.email),
  };
}
