import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { UpdateTaskInput } from '../../gql/graphql.ts';
import { describeFailure } from '../api/failure.ts';
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

interface Outcome {
  changed: readonly CheckedTask[];
  /** The changes that were made, with the tasks' new versions. */
  made: TaskChange[];
  /** The reasons, with the titles of the tasks. */
  refused: string[];
}

/**
 * Changes tasks in one batch. Changes of other fields by others are kept; a task with a change of the same fields, or
 * that the person can no longer change, is left out and named.
 */
export async function changeTasks(client: Client, wanted: readonly TaskChange[]): Promise<Outcome> {
  let rest = [...wanted];
  const refused: string[] = [];
  // Each attempt settles one task; far fewer are needed, unless others change all of them.
  for (let attempt = 0; rest.length > 0 && attempt < wanted.length * 2 + 2; attempt += 1) {
    const tasks = rest.map(({ id, version, after }) => ({ id, version, ...after }));
    const { data, error } = await client.mutation(ChangeTasks, { input: { tasks } }).toPromise();
    if (data) {
      const changed = data.updateTasks.tasks;
      const versions = new Map(changed.map(({ id, version }) => [id, version]));
      const made = rest.map((each) => ({ ...each, version: versions.get(each.id) ?? each.version }));
      return { changed, made, refused };
    }
    const failure = error && describeFailure(error);
    const place = Number(/^tasks\.(\d+)\./.exec(failure?.field ?? '')?.[1] ?? -1);
    const refusedTask = rest[place];
    if (!failure || !refusedTask) return { changed: [], made: [], refused: [failure?.message ?? ''] };
    const current = failure.current as CurrentTask | undefined;
    if (current && isUntouched(refusedTask, current)) {
      rest = rest.with(place, { ...refusedTask, version: current.version });
    } else {
      refused.push(
        current
          ? `“${refusedTask.title}” has been changed by someone else since.`
          : `“${refusedTask.title}”: ${failure.message}`,
      );
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
  const { changed, refused } = await changeTasks(client, back);
  for (const task of changed) onchanged?.(task);
  return refused.length === 0 ? undefined : `Not undone. ${refused.join(' ')}`;
}

/** Changes tasks, says to how many it happened, and offers to undo it. @param what such as `Priority High`. */
export async function changeUndoably(
  client: Client,
  wanted: readonly TaskChange[],
  what: string,
  onchanged: (task: CheckedTask) => void,
): Promise<void> {
  const { changed, made, refused } = await changeTasks(client, wanted);
  for (const task of changed) onchanged(task);
  const [first] = made;
  if (!first) {
    toasts.show(refused.length > 0 ? refused.join(' ') : 'Nothing to change');
    return;
  }
  const isOne = made.length === 1;
  const count = made.length.toLocaleString('en');
  undoStack.add({
    done: [`${isOne ? `“${first.title}”` : `${count} tasks`}: ${what}`, ...refused].join('. '),
    undone: isOne ? `“${first.title}” is as before` : `${count} tasks are as before`,
    undo: () => revertTasks(client, made, onchanged),
  });
}

function isUntouched({ before }: TaskChange, current: CurrentTask): boolean {
  return Object.entries(before).every(
    ([field, value]) => JSON.stringify(current[field as keyof CurrentTask]) === JSON.stringify(value),
  );
}
