import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Person } from '../policy.ts';

/**
 * Holds the rows of those tasks that a person sees until the transaction ends, in the order of their ids, so that two
 * batches cannot wait for each other. Rows that refer to them can still be added. Rights must be read after it, because
 * they can change while it waits. Tasks that the person does not see are neither held nor waited for.
 */
export async function lockTasks(tx: Transaction, person: Person, ids: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    /* lockTasks */ SELECT id FROM tasks WHERE id = ANY(${ids}::uuid[]) AND ${seenBy(person)}
    ORDER BY id FOR NO KEY UPDATE`;
}

/** The same for one task that a person was offered a share of, and may not see yet. */
export async function lockOfferedTask(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockOfferedTask */ SELECT id FROM tasks WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}

/** Keeps a task that a person sees from being deleted until the transaction ends; it can still change. */
export async function holdTask(tx: Transaction, person: Person, id: string): Promise<void> {
  await tx.$queryRaw`
    /* holdTask */ SELECT id FROM tasks WHERE id = ${id}::uuid AND ${seenBy(person)} FOR KEY SHARE`;
}

/** `visible.task` by what the statement itself finds, so that no rights have to be read before. */
function seenBy({ userId }: Person): Prisma.Sql {
  return Prisma.sql`(
    owner_id = ${userId}::uuid AND team_id IS NULL
    OR EXISTS (SELECT FROM memberships WHERE team_id = tasks.team_id AND user_id = ${userId}::uuid)
    OR EXISTS (SELECT FROM task_shares
               WHERE task_id = tasks.id AND shared_with_id = ${userId}::uuid
                 AND (expires_at IS NULL OR expires_at > now())))`;
}
