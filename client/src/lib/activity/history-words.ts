import type { EventKind, TaskPriority, TaskStatus } from '../../gql/graphql.ts';
import { dayWords } from '../task/due-day.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';
import { listWords, msg } from '../language/format.ts';

interface Change {
  field: string;
  after: string | null;
  /** The name of the new owner, assignee or team; null if there is none, or the viewer cannot see it. */
  afterName?: string | null;
}

/** Where the sentence names the task. */
export const TASK = '{task}';

const kindWords: Partial<Record<EventKind, () => string>> = {
  TASK_CREATED: () => msg(`created ${TASK}`),
  TASK_COMPLETED: () => msg(`completed ${TASK}`),
  TASK_REOPENED: () => msg(`reopened ${TASK}`),
  TASK_DELETED: () => msg(`deleted ${TASK}`),
  TASK_RESTORED: () => msg(`restored ${TASK} from the trash`),
  TASK_PURGED: () => msg(`deleted ${TASK} permanently`),
  TASK_LEFT_TEAM: () => msg(`moved ${TASK} out of a team`),
};

const changeWords: Record<string, (change: Change) => string> = {
  status: ({ after }) => msg(`set the status to ${statusWords[after as TaskStatus]}`),
  priority: ({ after }) =>
    after === 'NONE'
      ? msg('removed the priority')
      : msg(`set the priority to ${priorityWords[after as TaskPriority]}`),
  dueOn: ({ after }) => (after ? msg(`set the due date to ${dayWords(after)}`) : msg('removed the due date')),
  owner: ({ afterName }) => (afterName ? msg(`made ${afterName} the owner`) : msg('changed the owner')),
  assignee: ({ afterName }) =>
    afterName ? msg(`assigned ${TASK} to ${afterName}`) : msg('changed the assignee'),
  team: ({ afterName }) => (afterName ? msg(`moved ${TASK} to ${afterName}`) : msg('changed the team')),
  archived: ({ after }) =>
    after === 'true' ? msg(`archived ${TASK}`) : msg(`restored ${TASK} from the archive`),
};

/** The log keeps no texts. */
const otherwise = () => msg(`edited ${TASK}`);

/**
 * What an event of a task did, after the name of its actor: “set the priority to High and archived {task}”. The task is
 * named at most once.
 */
export function historyWords(kind: EventKind, changes: readonly Change[]): string {
  const does = kindWords[kind]?.();
  const others = changes
    // The kind says it already.
    .filter(({ field }) => does === undefined || field !== 'status')
    .map((change) => changeWords[change.field]?.(change) ?? otherwise());
  const parts = [...new Set([...(does ? [does] : []), ...others])];
  const said = parts.length === 0 ? otherwise() : listWords(parts);
  const [before = '', ...after] = said.split(TASK);
  return after.length === 0 ? before : `${before}${TASK}${after.join(msg('it'))}`;
}
