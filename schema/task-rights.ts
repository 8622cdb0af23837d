import type { SharePermission } from '../prisma/generated/client/client.ts';
import { can, seesTask, type TaskAction, type TaskPlacement, type TaskSubject } from '../server/policy.ts';
import type { Context } from '../server/graphql/context.ts';

/** A task as some statement read it, perhaps with the share that the viewer holds of it. */
type ReadTask = TaskPlacement & { share?: SharePermission | null };

/** Whether the viewer sees a task that was read without a filter. Its share is looked up only where that decides. */
export function sees(requester: Requester, task: ReadTask): boolean | Promise<boolean> {
  return decided(requester, task, (subject) => seesTask(requester.viewer, subject));
}

/** Whether the viewer may do something with a task that they see. Its share is looked up only where that decides. */
export function may(requester: Requester, action: TaskAction, task: ReadTask): boolean | Promise<boolean> {
  return decided(requester, task, (subject) => can(requester.viewer, action, subject));
}

type Requester = Pick<Context, 'viewer' | 'shareOf'>;

function decided(
  requester: Requester,
  { id, ownerId, assigneeId, teamId, share }: ReadTask,
  rule: (subject: TaskSubject) => boolean,
): boolean | Promise<boolean> {
  const by = (held: SharePermission | null) => rule({ id, ownerId, assigneeId, teamId, share: held });
  if (share !== undefined) return by(share);
  if (by(null)) return true;
  if (!by('EDIT')) return false;
  const held = requester.shareOf(id);
  return held instanceof Promise ? held.then(by) : by(held);
}
