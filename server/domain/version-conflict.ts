import { Conflict } from '../errors.ts';
import { publicId } from '../ids.ts';
import type { Viewer } from '../policy.ts';
import type { SeenTask } from './seen-tasks.ts';

/**
 * The refusal of a change that is based on another version than the task has. It carries the task as it is now, so that
 * nobody must ask for it to go on.
 * @param path what comes ahead of a field's name, as in `tasks.3.`.
 */
export function versionConflict(viewer: Viewer, task: SeenTask, given: number, path = ''): Conflict {
  return new Conflict(
    `Somebody changed this task: it is at version ${task.version}, and your change is based on ${given}. Look at what it says now, and repeat your change.`,
    { field: `${path}version`, currentVersion: task.version, current: asRead(viewer, task) },
  );
}

/** A task's own fields under the names and in the forms in which the API gives them to this viewer. */
function asRead(viewer: Viewer, task: SeenTask): Record<string, unknown> {
  const { id, ownerId, assigneeId, teamId, parentId: _parent, share: _share, dueOn, ...own } = task;
  return {
    id: publicId('Task', id),
    ...own,
    dueOn: dueOn?.toISOString().slice(0, 10) ?? null,
    startedAt: own.startedAt?.toISOString() ?? null,
    completedAt: own.completedAt?.toISOString() ?? null,
    archivedAt: own.archivedAt?.toISOString() ?? null,
    createdAt: own.createdAt.toISOString(),
    updatedAt: own.updatedAt.toISOString(),
    ownerId: publicId('User', ownerId),
    assigneeId: assigneeId && publicId('User', assigneeId),
    teamId: teamId !== null && viewer.teams.has(teamId) ? publicId('Team', teamId) : null,
  };
}
