import type { TaskPriority, TaskStatus } from '../../gql/graphql.ts';

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

/** A team that the viewer is in. */
export interface TeamChoice {
  id: string;
  name: string;
  viewerCan: { createTask: boolean };
}

/** The API's limits, in characters, checked here to save a round trip. */
export const longest = { title: 200, description: 10_000 } as const;

/** In the order of the form. */
export const blank: TaskDraft = {
  title: '',
  description: '',
  status: 'TODO',
  priority: 'NONE',
  dueOn: '',
  teamId: '',
  assigneeId: '',
};

const fields = Object.keys(blank) as TaskField[];

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

/** A task in a CONFLICT error, which has ids where the task has objects. */
export type CurrentTask = Omit<Placed, 'team' | 'assignee'> & {
  version: number;
  labels: string[];
  teamId: string | null;
  assigneeId: string | null;
  archivedAt: string | null;
};

export function draftOfCurrent({ teamId, assigneeId, ...task }: CurrentTask): TaskDraft {
  const known = (id: string | null) => (id === null ? null : { id });
  return draftOf({ ...task, team: known(teamId), assignee: known(assigneeId) });
}

/** The fields that differ, in the order of the form. */
export function differences(before: TaskDraft, after: TaskDraft): TaskField[] {
  return fields.filter((field) => before[field] !== after[field]);
}

/** The draft as an input of the API; an empty due date, team or assignee is null. */
export function inputOf({ dueOn, teamId, assigneeId, ...others }: TaskDraft) {
  return { ...others, dueOn: dueOn || null, teamId: teamId || null, assigneeId: assigneeId || null };
}

/** The changed fields as an input of the API. */
export function changesOf(before: TaskDraft, after: TaskDraft): Partial<ReturnType<typeof inputOf>> {
  return pick(inputOf(after), differences(before, after));
}

export function pick<Source extends object, Key extends keyof Source>(
  source: Source,
  keys: readonly Key[],
): Partial<Pick<Source, Key>> {
  return Object.fromEntries(keys.map((key) => [key, source[key]])) as Partial<Pick<Source, Key>>;
}
