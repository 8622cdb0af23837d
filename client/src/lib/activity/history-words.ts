import type { EventKind, TaskPriority, TaskStatus } from '../../gql/graphql.ts';
import { dayWords } from '../task/due-day.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';

interface Change {
  field: string;
  after: string | null;
  /** The name of the new owner, assignee or team; null if there is none, or the viewer cannot see it. */
  afterName?: string | null;
}

/** Where the sentence names the task. */
export const TASK = '{task}';

const kindWords: Partial<Record<EventKind, string>> = {
  TASK_CREATED: `created ${TASK}`,
  TASK_COMPLETED: `completed ${TASK}`,
  TASK_REOPENED: `reopened ${TASK}`,
  TASK_DELETED: `deleted ${TASK}`,
  TASK_LEFT_TEAM: `moved ${TASK} out of a team`,
};

const changeWords: Record<string, (change: Change) => string> = {
  status: ({ after }) => `set the status to ${statusWords[after as TaskStatus]}`,
  priority: ({ after }) =>
    after === 'NONE' ? 'removed the priority' : `set the priority to ${priorityWords[after as TaskPriority]}`,
  dueOn: ({ after }) => (after ? `set the due date to ${dayWords(after)}` : 'removed the due date'),
  owner: ({ afterName }) => (afterName ? `made ${afterName} the owner` : 'changed the owner'),
  assignee: ({ afterName }) => (afterName ? `assigned ${TASK} to ${afterName}` : 'changed the assignee'),
  team: ({ afterName }) => (afterName ? `moved ${TASK} to ${afterName}` : 'changed the team'),
  archived: ({ after }) => (after === 'true' ? `archived ${TASK}` : `restored ${TASK} from the archive`),
};

/** The log keeps no texts. */
const otherwise = `edited ${TASK}`;

/**
 * What an event of a task did, after the name of its actor: “set the priority to High and archived {task}”. The task is
 * named at most once.
 */
export function historyWords(kind: EventKind, changes: readonly Change[]): string {
  const does = kindWords[kind];
  const others = changes
    // The kind says it already.
    .filter(({ field }) => does === undefined || field !== 'status')
    .map((change) => changeWords[change.field]?.(change) ?? otherwise);
  const parts = [...new Set([...(does ? [does] : []), ...others])];
  const said = parts.length === 0 ? otherwise : new Intl.ListFormat('en-GB').format(parts);
  const [before = '', ...after] = said.split(TASK);
  return after.length === 0 ? before : `${before}${TASK}${after.join('it')}`;
}
