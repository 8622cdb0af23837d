import type { TaskPriority, TaskStatus, UpdateTaskInput } from '../../gql/graphql.ts';

/** What a person edits of a task, as the form holds it: an empty due day is `''`. */
export interface TaskDraft {
  title: string;
  description: string;
  status: TaskStatus;
  priority: TaskPriority;
  dueOn: string;
}

export type TaskField = keyof TaskDraft;

const fields = ['title', 'description', 'status', 'priority', 'dueOn'] as const satisfies TaskField[];

/** The longest that the API accepts, in characters; it says so itself, this only spares the round trip. */
export const longest = { title: 200, description: 10_000 } as const;

/** A draft of what a task says now. */
export function draftOf(task: Omit<TaskDraft, 'dueOn'> & { dueOn?: string | null | undefined }): TaskDraft {
  const { title, description, status, priority, dueOn } = task;
  return { title, description, status, priority, dueOn: dueOn ?? '' };
}

/** The fields in which two drafts differ, in the order of the form. */
export function differences(before: TaskDraft, after: TaskDraft): TaskField[] {
  return fields.filter((field) => before[field] !== after[field]);
}

/** Only what was changed, in the API's words: what is left out stays as it is, and a cleared day is null. */
export function changesOf(before: TaskDraft, after: TaskDraft): Omit<UpdateTaskInput, 'id' | 'version'> {
  const changed = new Set<TaskField>(differences(before, after));
  return {
    ...(changed.has('title') && { title: after.title }),
    ...(changed.has('description') && { description: after.description }),
    ...(changed.has('status') && { status: after.status }),
    ...(changed.has('priority') && { priority: after.priority }),
    ...(changed.has('dueOn') && { dueOn: after.dueOn || null }),
  };
}
