import type { EventKind, TaskPriority, TaskStatus } from '../../gql/graphql.ts';
import { dayWords } from '../task/due-day.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';
import { listWords, msg } from '../language/format.ts';

interface Change {
  field: string;
  after: string | null;
}

const kindWords: Partial<Record<EventKind, () => string>> = {
  TASK_CREATED: () => msg('created the task'),
  TASK_COMPLETED: () => msg('completed the task'),
  TASK_REOPENED: () => msg('reopened the task'),
  TASK_LEFT_TEAM: () => msg('moved the task out of a team'),
};

const changeWords: Record<string, (after: string | null) => string> = {
  status: (after) => msg(`set the status to ${statusWords[after as TaskStatus]}`),
  priority: (after) =>
    after === 'NONE'
      ? msg('removed the priority')
      : msg(`set the priority to ${priorityWords[after as TaskPriority]}`),
  dueOn: (after) => (after ? msg(`set the due date to ${dayWords(after)}`) : msg('removed the due date')),
  owner: () => msg('changed the owner'),
  assignee: () => msg('changed the assignee'),
  team: () => msg('changed the team'),
  archived: (after) =>
    after === 'true' ? msg('archived the task') : msg('restored the task from the archive'),
};

/** The log keeps no texts. */
const otherwise = () => msg('edited the task');

/** What an event of a task did, after the name of its actor: “set the priority to High and archived the task”. */
export function historyWords(kind: EventKind, changes: readonly Change[]): string {
  const does = kindWords[kind]?.();
  const others = changes
    // The kind says it already.
    .filter(({ field }) => does === undefined || field !== 'status')
    .map(({ field, after }) => changeWords[field]?.(after) ?? otherwise());
  const parts = [...new Set([...(does ? [does] : []), ...others])];
  return parts.length === 0 ? otherwise() : listWords(parts);
}
