import { Prisma, type AssistantReply } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { ownIdOf, type Person } from '../policy.ts';

/**
 * Locks the tasks that a person sees, ordered by id to avoid deadlocks. Tasks that are not visible are not locked, so
 * that waiting does not reveal them. Read rights afterwards, since they can change during the wait.
 */
export async function lockTasks(tx: Transaction, person: Person, ids: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    /* lockTasks */ SELECT id FROM tasks WHERE id = ANY(${ids}::uuid[]) AND ${seenBy(person)}
    ORDER BY id FOR NO KEY UPDATE`;
}

/**
 * Locks tasks like `lockTasks`, and keeps rows from being added below them: these would be lost with the tasks.
 * @returns the locked ones.
 */
export async function lockTasksToDelete(
  tx: Transaction,
  person: Person,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* lockTasksToDelete */ SELECT id FROM tasks WHERE id = ANY(${ids}::uuid[]) AND ${seenBy(person)}
    ORDER BY id FOR UPDATE`;
  return new Set(rows.map(({ id }) => id));
}

/** For a task that the person was offered a share of. */
export async function lockOfferedTask(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockOfferedTask */ SELECT id FROM tasks WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}

/** Locks a visible task against deletion; it can still be changed. */
export async function holdTask(tx: Transaction, person: Person, id: string): Promise<void> {
  await tx.$queryRaw`
    /* holdTask */ SELECT id FROM tasks WHERE id = ${id}::uuid AND ${seenBy(person)} FOR KEY SHARE`;
}

/** Serializes changes of members; tasks can still be added. @returns whether the team exists. */
export async function lockTeam(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    /* lockTeam */ SELECT 1 FROM teams WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  return rows.length > 0;
}

/** Locks teams against deletion; they can still be changed. @returns the existing ones. */
export async function holdTeams(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* holdTeams */ SELECT id FROM teams WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR KEY SHARE`;
  return new Set(rows.map(({ id }) => id));
}

/** Serializes decisions about an approval. */
export async function lockApproval(tx: Transaction, person: Person, id: string): Promise<void> {
  await tx.$queryRaw`
    /* lockApproval */ SELECT id FROM approvals WHERE id = ${id}::uuid AND user_id = ${ownIdOf(person)}::uuid FOR UPDATE`;
}

/** Serializes undos of a run. */
export async function lockRun(tx: Transaction, person: Person, id: string): Promise<void> {
  await tx.$queryRaw`
    /* lockRun */ SELECT id FROM agent_runs WHERE id = ${id}::uuid AND user_id = ${ownIdOf(person)}::uuid FOR NO KEY UPDATE`;
}

/** Locks a user, so that per-person limits are checked one request at a time. */
export async function lockUser(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockUser */ SELECT id FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}

/** @returns a time later than all before, by the database's clock; null if the conversation does not exist. */
export async function lockConversation(tx: Transaction, id: string): Promise<Date | null> {
  const [row] = await tx.$queryRaw<{ moment: Date }[]>`
    /* lockConversation */
    SELECT greatest(date_trunc('milliseconds', clock_timestamp()), updated_at + interval '1 millisecond') AS moment
    FROM conversations WHERE id = ${id}::uuid FOR UPDATE`;
  return row?.moment ?? null;
}

export type LockedReply = Pick<AssistantReply, 'messageId' | 'userId' | 'state' | 'stopRequestedAt'>;

/** Null if the message has no reply. */
export async function lockAssistantReply(tx: Transaction, messageId: string): Promise<LockedReply | null> {
  const [row] = await tx.$queryRaw<LockedReply[]>`
    /* lockAssistantReply */
    SELECT message_id AS "messageId", user_id AS "userId", state, stop_requested_at AS "stopRequestedAt" FROM assistant_replies
    WHERE message_id = ${messageId}::uuid FOR UPDATE`;
  return row ?? null;
}

const HIERARCHY = 0x7461_736b;

/** Serializes changes of parents, which could otherwise create a cycle together. */
export async function lockHierarchy(tx: Transaction): Promise<void> {
  await tx.$queryRaw`/* lockHierarchy */ SELECT pg_advisory_xact_lock(${HIERARCHY})::text`;
}

const SIGN_UPS = 0x7369_676e;

/** Serializes sign-ups that are not open to all. */
export async function lockSignUps(tx: Transaction): Promise<void> {
  await tx.$queryRaw`/* lockSignUps */ SELECT pg_advisory_xact_lock(${SIGN_UPS})::text`;
}

/** `visible.task` in SQL, so that no rights have to be read before. */
export function seenBy(person: Person): Prisma.Sql {
  const ownId = ownIdOf(person);
  return Prisma.sql`(
    owner_id = ${ownId}::uuid AND team_id IS NULL
    OR EXISTS (SELECT FROM memberships
               WHERE team_id = tasks.team_id AND user_id = ${person.userId}::uuid AND ${isWithin(person, 'team_id')})
    OR EXISTS (SELECT FROM task_shares
               WHERE task_id = tasks.id AND shared_with_id = ${ownId}::uuid
                 AND (expires_at IS NULL OR expires_at > now())))`;
}

/** That a team is within the limit of the person's credential. */
export function isWithin({ limit }: Person, column: 'team_id' | 'held.team_id'): Prisma.Sql {
  return limit ? Prisma.sql`${Prisma.raw(column)} = ANY(${[...limit.teamIds]}::uuid[])` : Prisma.sql`true`;
}
