import type { SharePermission } from '../prisma/generated/client/client.ts';
import { can, seesTask, type TaskAction, type TaskPlacement, type TaskSubject } from '../server/policy.ts';
import type { Context } from '../server/graphql/context.ts';

/** A task as read from the database, with the viewer's share if the statement included it. */
type ReadTask = TaskPlacement & { share?: SharePermission | null };

/** Whether the viewer sees a task. Looks up the share only if it decides. */
export function sees(requester: Requester, task: ReadTask): boolean | Promise<boolean> {
  return decided(requester, task, (subject) => seesTask(requester.viewer, subject));
}

/** Whether the viewer may take an action on a visible task. Looks up the share only if it decides. */
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
