import type { Task } from '../../prisma/generated/client/client.ts';
import type { Actor } from '../policy.ts';
import type { NewEvent, TaskFacts } from './catalogue.ts';

type TaskEventKind = 'task.updated' | 'task.completed' | 'task.reopened' | 'task.deleted';

export type EventTask = Pick<
  Task,
  | 'id'
  | 'ownerId'
  | 'assigneeId'
  | 'teamId'
  | 'status'
  | 'priority'
  | 'dueOn'
  | 'archivedAt'
  | 'createdAt'
  | 'startedAt'
  | 'completedAt'
>;

export function taskChanged<Kind extends TaskEventKind>(
  kind: Kind,
  actor: Actor,
  before: EventTask,
  after: EventTask | null,
): NewEvent<TaskEventKind> & { kind: Kind } {
  return {
    kind,
    ...eventFields(actor, after ?? before),
    data: { before: facts(before), after: after && facts(after) },
  };
}

export function taskCreated(actor: Actor, task: EventTask, fingerprint: string): NewEvent<'task.created'> {
  return {
    kind: 'task.created',
    ...eventFields(actor, task),
    data: { before: null, after: facts(task), fingerprint },
  };
}

export function taskLeftTeam(actor: Actor, before: EventTask): NewEvent<'task.leftTeam'> {
  return { kind: 'task.leftTeam', ...eventFields(actor, before), personId: null, data: {} };
}

/** With the facts of a creation. */
export function taskRestored(actor: Actor, task: EventTask): NewEvent<'task.restored'> {
  return { kind: 'task.restored', ...eventFields(actor, task), data: { before: null, after: facts(task) } };
}

export function taskPurged(
  actor: Actor,
  task: Pick<Task, 'id' | 'ownerId' | 'teamId'>,
): NewEvent<'task.purged'> {
  return { kind: 'task.purged', ...eventFields(actor, task), data: {} };
}

function eventFields(actor: Actor, task: Pick<Task, 'id' | 'ownerId' | 'teamId'>) {
  return { actorId: actor.userId, subjectId: task.id, teamId: task.teamId, personId: task.ownerId };
}

function facts(task: EventTask): TaskFacts {
  return {
    owner: task.ownerId,
    assignee: task.assigneeId,
    team: task.teamId,
    status: task.status,
    priority: task.priority,
    dueOn: task.dueOn?.toISOString().slice(0, 10) ?? null,
    archived: task.archivedAt !== null,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
  };
}
