import { isDeepStrictEqual } from 'node:util';
import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { currentSource } from '../log/source.ts';

/** What an undo sets back. */
export const RESTORED = [
  'title',
  'description',
  'status',
  'priority',
  'labels',
  'dueOn',
  'assigneeId',
  'teamId',
  'parentId',
  'position',
  'archivedAt',
  'startedAt',
  'completedAt',
] as const satisfies (keyof Task)[];

type Kept = 'task_id' | 'comment_id';

/** Keeps the replaced values of tasks, if an agent makes the change. */
export async function keepTaskChanges(
  tx: Transaction,
  changed: readonly { before: Task; after: Task }[],
): Promise<void> {
  const rows = changed.map(({ before, after }) => {
    const fields = RESTORED.filter((field) => !isDeepStrictEqual(before[field], after[field]));
    const of = (task: Task) => Object.fromEntries(fields.map((field) => [field, task[field]]));
    return { subject: before.id, before: of(before), after: of(after) };
  });
  await keep(tx, 'task_id', rows);
}

/** Keeps the replaced text of a comment, if an agent makes the change. */
export async function keepCommentChange(
  tx: Transaction,
  { id, before, after }: { id: string; before: string; after: string },
): Promise<void> {
  await keep(tx, 'comment_id', [{ subject: id, before: { body: before }, after: { body: after } }]);
}

async function keep(tx: Transaction, kept: Kept, rows: readonly object[]): Promise<void> {
  if (currentSource() === null) return;
  const from = Prisma.sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
    AS new(subject uuid, before jsonb, after jsonb)`;
  await tx.$executeRaw`/* keepRunChanges */ ${keepSql(kept, from)}`;
}

/**
 * SQL that keeps the replaced values of an agent's changes; null without an agent. A value that others have set between
 * two changes of the run is the one to restore.
 * @param from columns `subject`, `before` and `after`; the latter two have the changed fields.
 */
export function keepSql(kept: Kept, from: Prisma.Sql): Prisma.Sql | null {
  const source = currentSource();
  if (source === null) return null;
  const subject = Prisma.raw(kept);
  return Prisma.sql`
    INSERT INTO run_changes AS known (run_id, user_id, ${subject}, before, after)
    SELECT agent_runs.id, agent_runs.user_id, new.subject, new.before, new.after
    FROM agent_runs CROSS JOIN ${from} WHERE agent_runs.id = ${source.runId}::uuid
    ON CONFLICT (run_id, ${subject}) DO UPDATE SET
      before = known.before || (
        SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(excluded.before)
        WHERE NOT coalesce(known.after -> key = value, false)),
      after = known.after || excluded.after`;
}
