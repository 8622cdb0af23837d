import type { Change } from './change.ts';
import { z } from 'zod';
import type { Task } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../log/idempotency.ts';
import { append, currentCursor } from '../log/append.ts';
import { currentSource } from '../log/source.ts';
import { newId } from '../ids.ts';
import { can, placement, visible, type Person, type Viewer } from '../policy.ts';
import { holdTask } from '../sql/locks.ts';
import { keepCommentChange } from '../sql/run-changes.ts';
import { viewerOf } from '../sql/viewer.ts';
import { insertComment, updateBody } from '../sql/write-text.ts';
import { checkQuota } from './quota.ts';
import { seenPlacements } from './seen-tasks.ts';
import { idOf, markdown, newIdOf, parse } from './validation.ts';

const body = markdown('The comment', { min: 1, max: 10_000 });

const addition = z.object({ id: newIdOf('Comment').nullish(), taskId: idOf('Task'), body });

const edit = z.object({ id: idOf('Comment'), body });

/** Idempotent by client-generated id. @throws Conflict if the id belongs to another comment. */
export async function addComment(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id: ownId, ...wanted } = parse(addition, input);
  const { taskId, body } = wanted;
  const id = ownId ?? newId();
  const fingerprint = fingerprintOf(wanted);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    await holdTask(tx, person, taskId);
    const viewer = await viewerOf(tx, person);
    const task = (await seenPlacements(tx, viewer, [taskId])).get(taskId);
    if (!task) throw new NotFound('task', taskId);
    if (!can(viewer, 'task.comment', task))
      throw new Forbidden(
        'You can read this task but not comment on it. Ask its owner for edit access.',
        taskId,
      );

    const comment = { id, taskId, body, authorId: person.userId };
    const isNew = await insertComment(tx, comment);
    if (!isNew) return { id, cursor: await firstCreation(tx, 'comment.added', person, id, fingerprint) };
    if (ownId != null) await refuseUsedIds(tx, 'comment.added', [ownId]);
    const cursor = await append(tx, {
      kind: 'comment.added',
      ...eventFields(person, id, task),
      data: { taskId, fingerprint },
    });
    return { id, cursor };
  });
}

export async function updateComment(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, body } = parse(edit, input);
  return inTransaction(db, async (tx) => {
    const viewer = await viewerOf(tx, person);
    const comment = await seenComment(tx, viewer, id);
    if (!comment) throw new NotFound('comment', id);
    if (!can(viewer, 'comment.edit', comment))
      throw new Forbidden('Only its author can edit this comment.', id);
    if (body === comment.body) return { id, cursor: await currentCursor(tx) };
    if (body.length > comment.body.length || currentSource() !== null) await checkQuota(db, person);

    if (!(await updateBody(tx, { id, body }))) throw new NotFound('comment', id);
    await keepCommentChange(tx, { id, before: comment.body, after: body });
    const cursor = await append(tx, {
      kind: 'comment.updated',
      ...eventFields(person, id, comment.task),
      data: { taskId: comment.taskId },
    });
    return { id, cursor };
  });
}

/** Idempotent. */
export async function deleteComment(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('Comment') }), input);
  return inTransaction(db, async (tx) => {
    const viewer = await viewerOf(tx, person);
    const comment = await seenComment(tx, viewer, id);
    if (comment && !can(viewer, 'comment.delete', comment))
      throw new Forbidden(
        'Only its author, the task’s owner and the team’s owner and admins can delete this comment.',
        id,
      );

    const { count } = comment ? await tx.comment.deleteMany({ where: { id } }) : { count: 0 };
    if (!comment || count === 0) {
      const cursor = await earlierRemoval(tx, 'comment.deleted', person, id);
      if (cursor === null) throw new NotFound('comment', id);
      return { id, cursor };
    }
    const cursor = await append(tx, {
      kind: 'comment.deleted',
      ...eventFields(person, id, comment.task),
      data: { taskId: comment.taskId },
    });
    return { id, cursor };
  });
}

async function seenComment(tx: Transaction, viewer: Viewer, id: string) {
  return tx.comment.findFirst({
    where: { id, AND: visible.comment(viewer) },
    select: { authorId: true, taskId: true, body: true, task: { select: placement } },
  });
}

function eventFields({ userId }: Person, id: string, task: Pick<Task, 'ownerId' | 'teamId'>) {
  return { actorId: userId, subjectId: id, teamId: task.teamId, personId: task.ownerId };
}
