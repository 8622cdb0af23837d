import { Conflict } from '../errors.ts';
import { publicId } from '../ids.ts';
import type { Viewer } from '../policy.ts';
import type { SeenTask } from './seen-tasks.ts';

/** Includes the current task, so that clients need not read it again. */
export function versionConflict(viewer: Viewer, task: SeenTask, given: number, path = ''): Conflict {
  return new Conflict(
    `The task has changed: its version is ${task.version}, and your change is based on version ${given}. Review the current values, then repeat your change.`,
    { field: `${path}version`, currentVersion: task.version, current: asRead(viewer, task) },
  );
}

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
