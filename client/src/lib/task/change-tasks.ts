import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { UpdateTaskInput } from '../../gql/graphql.ts';
import { describeFailure } from '../api/failure.ts';
import { numberWords, plural } from '../language/format.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';
import type { CurrentTask } from './task-draft.ts';
import type { CheckedTask } from './task-feed.svelte.ts';

const ChangeTasks = graphql(`
  mutation ChangeTasks($input: UpdateTasksInput!) {
    updateTasks(input: $input) {
      cursor
      tasks {
        id
        version
        status
        dueOn
        ...TaskRow_task
      }
    }
  }
`);

export type TaskValues = Omit<UpdateTaskInput, 'id' | 'version' | 'parentId'>;

/** Values of one task, before and after a change. */
export interface TaskChange {
  id: string;
  title: string;
  /** The version with the values before. */
  version: number;
  before: TaskValues;
  after: TaskValues;
}

interface Refusal {
  title: string;
  /** Undefined if someone else has changed the same fields. */
  message: string | undefined;
}

interface Outcome {
  changed: CheckedTask[];
  /** The changes that were made, with the tasks' new versions. */
  made: TaskChange[];
  refused: Refusal[];
  /** The error of a whole request; the tasks from there on are as before. */
  failure?: string | undefined;
}

/** One request; the API's limit is higher, but each task is read again. */
const batchSize = 100;

/**
 * Changes tasks in batches. Changes of other fields by others are kept; a task with a change of the same fields, or
 * that the person can no longer change, is left out.
 */
async function changeTasks(client: Client, wanted: readonly TaskChange[]): Promise<Outcome> {
  const outcome: Outcome = { changed: [], made: [], refused: [] };
  for (let start = 0; start < wanted.length && outcome.failure === undefined; start += batchSize) {
    if (wanted.length > batchSize)
      toasts.show(`Changed ${numberWords(start)} of ${numberWords(wanted.length)} tasks…`);
    const { changed, made, refused, failure } = await changeBatch(
      client,
      wanted.slice(start, start + batchSize),
    );
    outcome.changed.push(...changed);
    outcome.made.push(...made);
    outcome.refused.push(...refused);
    outcome.failure = failure;
  }
  return outcome;
}

async function changeBatch(client: Client, wanted: readonly TaskChange[]): Promise<Outcome> {
  let rest = [...wanted];
  const refused: Refusal[] = [];
  // Each attempt settles one task; far fewer are needed, unless others change all of them.
  for (let attempt = 0; rest.length > 0 && attempt < wanted.length * 2 + 2; attempt += 1) {
    const tasks = rest.map(({ id, version, after }) => ({ id, version, ...after }));
    const { data, error } = await client.mutation(ChangeTasks, { input: { tasks } }).toPromise();
    if (data) {
      const changed = [...data.updateTasks.tasks];
      const versions = new Map(changed.map(({ id, version }) => [id, version]));
      const made = rest.map((each) => ({ ...each, version: versions.get(each.id) ?? each.version }));
      return { changed, made, refused };
    }
    const failure = error && describeFailure(error);
    const place = Number(/^tasks\.(\d+)\./.exec(failure?.field ?? '')?.[1] ?? -1);
    const refusedTask = rest[place];
    if (!failure || !refusedTask) return { changed: [], made: [], refused, failure: failure?.message ?? '' };
    const current = failure.current as CurrentTask | undefined;
    if (current && isUntouched(refusedTask, current)) {
      rest = rest.with(place, { ...refusedTask, version: current.version });
    } else {
      refused.push({ title: refusedTask.title, message: current ? undefined : failure.message });
      rest = rest.toSpliced(place, 1);
    }
  }
  return { changed: [], made: [], refused };
}

/** @returns the reasons for the tasks that keep their values. */
export async function revertTasks(
  client: Client,
  made: readonly TaskChange[],
  onchanged?: (task: CheckedTask) => void,
): Promise<string | undefined> {
  const back = made.map((change) => ({ ...change, before: change.after, after: change.before }));
  const outcome = await changeTasks(client, back);
  for (const task of outcome.changed) onchanged?.(task);
  const reasons = reasonsOf(outcome);
  if (reasons.length === 0) return undefined;
  const undone = outcome.made.length > 0 ? asBefore(outcome.made) : 'Not undone';
  return [undone, ...reasons].join('. ');
}

/**
 * Changes tasks, says to how many it happened, and offers to undo it.
 * @param what such as `Priority High`.
 * @param readOnly the number of selected tasks that the person cannot change.
 */
export async function changeUndoably(
  client: Client,
  wanted: readonly TaskChange[],
  what: string,
  onchanged: (task: CheckedTask) => void,
  readOnly = 0,
): Promise<void> {
  const outcome = await changeTasks(client, wanted);
  for (const task of outcome.changed) onchanged(task);
  const { made } = outcome;
  const reasons = [
    ...reasonsOf(outcome),
    ...(readOnly > 0 ? [plural(readOnly, ['# can only be viewed', '# can only be viewed'])] : []),
  ];
  if (made.length === 0) {
    toasts.show(reasons.length > 0 ? reasons.join('. ') : 'Nothing to change');
    return;
  }
  undoStack.add({
    done: [`${subjectOf(made)}: ${what}`, ...reasons].join('. '),
    undone: asBefore(made),
    undo: () => revertTasks(client, made, onchanged),
  });
}

function subjectOf(tasks: readonly TaskChange[]): string {
  const [first] = tasks;
  return first && tasks.length === 1 ? `“${first.title}”` : plural(tasks.length, ['# task', '# tasks']);
}

function asBefore(tasks: readonly TaskChange[]): string {
  const [first] = tasks;
  if (first && tasks.length === 1) return `“${first.title}” is as before`;
  return plural(tasks.length, ['# task is as before', '# tasks are as before']);
}

/** One task by its title, several by their number. */
function reasonsOf({ refused, failure }: Outcome): string[] {
  const [first] = refused;
  const left = failure === undefined ? [] : [failure];
  if (first && refused.length === 1) {
    const { title, message } = first;
    return [
      message === undefined ? `“${title}” has been changed by someone else since.` : `“${title}”: ${message}`,
      ...left,
    ];
  }
  const byMessage = Map.groupBy(refused, ({ message }) => message);
  return [
    ...Array.from(byMessage, ([message, { length }]) =>
      message === undefined
        ? plural(length, ['# had changed in the meantime', '# had changed in the meantime'])
        : `${numberWords(length)}: ${message}`,
    ),
    ...left,
  ];
}

function isUntouched({ before }: TaskChange, current: CurrentTask): boolean {
  const known = { ...current, archived: current.archivedAt !== null };
  return Object.entries(before).every(
    ([field, value]) => JSON.stringify(known[field as keyof typeof known]) === JSON.stringify(value),
  );
}
