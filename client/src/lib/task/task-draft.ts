import type { TaskPriority, TaskStatus, UpdateTaskInput } from '../../gql/graphql.ts';

/** The editable fields of a task, as the form holds them; an empty due date, team or assignee is `''`. */
export interface TaskDraft {
  title: string;
  description: string;
  status: TaskStatus;
  priority: TaskPriority;
  dueOn: string;
  teamId: string;
  assigneeId: string;
}

export type TaskField = keyof TaskDraft;

const fields = [
  'title',
  'description',
  'status',
  'priority',
  'dueOn',
  'teamId',
  'assigneeId',
] as const satisfies TaskField[];

/** The API's limits, in characters, checked here to save a round trip. */
export const longest = { title: 200, description: 10_000 } as const;

export const blank: TaskDraft = {
  title: '',
  description: '',
  status: 'TODO',
  priority: 'NONE',
  dueOn: '',
  teamId: '',
  assigneeId: '',
};

type Placed = Omit<TaskDraft, 'dueOn' | 'teamId' | 'assigneeId'> & {
  dueOn: string | null;
  team: { id: string } | null;
  assignee: { id: string } | null;
};

/** The draft of a task's current state. */
export function draftOf({ title, description, status, priority, dueOn, team, assignee }: Placed): TaskDraft {
  return {
    title,
    description,
    status,
    priority,
    dueOn: dueOn ?? '',
    teamId: team?.id ?? '',
    assigneeId: assignee?.id ?? '',
  };
}

/** The fields that differ, in the order of the form. */
export function differences(before: TaskDraft, after: TaskDraft): TaskField[] {
  return fields.filter((field) => before[field] !== after[field]);
}

/** The changed fields as an input of the API; a cleared field is null. */
export function changesOf(before: TaskDraft, after: TaskDraft): Omit<UpdateTaskInput, 'id' | 'version'> {
  const changed = new Set<TaskField>(differences(before, after));
  return {
    ...(changed.has('title') && { title: after.title }),
    ...(changed.has('description') && { description: after.description }),
    ...(changed.has('status') && { status: after.status }),
    ...(changed.has('priority') && { priority: after.priority }),
    ...(changed.has('dueOn') && { dueOn: after.dueOn || null }),
    ...(changed.has('teamId') && { teamId: after.teamId || null }),
    ...(changed.has('assigneeId') && { assigneeId: after.assigneeId || null }),
  };
}
