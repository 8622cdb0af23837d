import type { EventKind, TaskPriority, TaskStatus } from '../../gql/graphql.ts';
import { dayWords } from '../task/due-day.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';

interface Change {
  field: string;
  after: string | null;
}

const kindWords: Partial<Record<EventKind, string>> = {
  TASK_CREATED: 'created the task',
  TASK_COMPLETED: 'completed the task',
  TASK_REOPENED: 'reopened the task',
  TASK_LEFT_TEAM: 'moved the task out of a team',
};

const changeWords: Record<string, (after: string | null) => string> = {
  status: (after) => `set the status to ${statusWords[after as TaskStatus]}`,
  priority: (after) =>
    after === 'NONE' ? 'removed the priority' : `set the priority to ${priorityWords[after as TaskPriority]}`,
  dueOn: (after) => (after ? `set the due date to ${dayWords(after)}` : 'removed the due date'),
  owner: () => 'changed the owner',
  assignee: () => 'changed the assignee',
  team: () => 'changed the team',
  archived: (after) => (after === 'true' ? 'archived the task' : 'restored the task from the archive'),
};

/** The log keeps no texts. */
const otherwise = 'edited the task';

/** What an event of a task did, after the name of its actor: “set the priority to High and archived the task”. */
export function historyWords(kind: EventKind, changes: readonly Change[]): string {
  const does = kindWords[kind];
  const others = changes
    // The kind says it already.
    .filter(({ field }) => does === undefined || field !== 'status')
    .map(({ field, after }) => changeWords[field]?.(after) ?? otherwise);
  const parts = [...new Set([...(does ? [does] : []), ...others])];
  return parts.length === 0 ? otherwise : new Intl.ListFormat('en-GB').format(parts);
}
