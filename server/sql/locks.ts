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

/**
 * Holds a team's row until the transaction ends, so that its members change one after the other. Tasks can still be
 * added to it.
 * @returns whether the team is there.
 */
export async function lockTeam(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    /* lockTeam */ SELECT 1 FROM teams WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  return rows.length > 0;
}

/**
 * Keeps teams from being deleted until the transaction ends, but nobody from changing them.
 * @returns those that are there.
 */
export async function holdTeams(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* holdTeams */ SELECT id FROM teams WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR KEY SHARE`;
  return new Set(rows.map(({ id }) => id));
}

/** Holds a person's row until the transaction ends, so that what they may have only so many of is counted one by one. */
export async function lockUser(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockUser */ SELECT id FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}

/**
 * Keeps a conversation's title and messages as they are until the transaction ends.
 * @returns the moment of its next change, later than all before by the database's clock; null where it is gone.
 */
export async function lockConversation(tx: Transaction, id: string): Promise<Date | null> {
  const [row] = await tx.$queryRaw<{ moment: Date }[]>`
    /* lockConversation */
    SELECT greatest(date_trunc('milliseconds', clock_timestamp()), updated_at + interval '1 millisecond') AS moment
    FROM conversations WHERE id = ${id}::uuid FOR UPDATE`;
  return row?.moment ?? null;
}

/** Half of an advisory lock that nothing else takes. */
const HIERARCHY = 0x7461_736b;

/** Keeps two changes of parents from closing a circle together. */
export async function lockHierarchy(tx: Transaction): Promise<void> {
  await tx.$queryRaw`/* lockHierarchy */ SELECT pg_advisory_xact_lock(${HIERARCHY})::text`;
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
