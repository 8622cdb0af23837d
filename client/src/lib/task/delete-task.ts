import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { describeFailure } from '../api/failure.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';

const DeleteTask = graphql(`
  mutation DeleteTask($input: DeleteTaskInput!) {
    deleteTask(input: $input) {
      cursor
      deletedTaskId
    }
  }
`);

const DeleteTasks = graphql(`
  mutation DeleteTasks($input: DeleteTasksInput!) {
    deleteTasks(input: $input) {
      cursor
      deletedTaskIds
    }
  }
`);

const RestoreTask = graphql(`
  mutation RestoreTask($input: RestoreTaskInput!) {
    restoreTask(input: $input) {
      cursor
      task {
        id
        version
      }
    }
  }
`);

const RestoreTasks = graphql(`
  mutation RestoreTasks($input: RestoreTasksInput!) {
    restoreTasks(input: $input) {
      cursor
      tasks {
        id
        version
      }
    }
  }
`);

/** The API's limit, for deletions and restores. */
const largestBatch = 100;

/** Lists are empty of the type before the first task. */
const changed = { additionalTypenames: ['Task', 'TrashedTask'] };

/** Moves a task to the trash, and offers to undo it. @returns whether it did. */
export async function deleteUndoably(
  client: Client,
  { id, title }: { id: string; title: string },
): Promise<boolean> {
  const { error } = await client.mutation(DeleteTask, { input: { id } }, changed).toPromise();
  if (error) {
    toasts.show(describeFailure(error).message);
    return false;
  }
  undoStack.add({
    done: `Moved “${title}” to the trash`,
    undone: `Restored “${title}”`,
    undo: () => restoreTask(client, id),
  });
  return true;
}

/** @returns the reason, if it fails. */
export async function restoreTask(client: Client, id: string): Promise<string | undefined> {
  const { error } = await client.mutation(RestoreTask, { input: { id } }, changed).toPromise();
  return error && describeFailure(error).message;
}

interface Deletion {
  deleted: string[];
  /** Of tasks that have another version than the given one. */
  changed: number;
  /** Why the others are not deleted. */
  failure?: string;
}

/** Moves tasks to the trash in batches. With a version, a task that has changed is left out. */
export async function deleteTasks(
  client: Client,
  tasks: readonly { id: string; version?: number }[],
): Promise<Deletion> {
  let rest = tasks.map(({ id, version }) => ({ id, ...(version === undefined ? {} : { version }) }));
  const done: Deletion = { deleted: [], changed: 0 };
  while (rest.length > 0) {
    const batch = rest.slice(0, largestBatch);
    const { error } = await client.mutation(DeleteTasks, { input: { tasks: batch } }, changed).toPromise();
    if (!error) {
      done.deleted.push(...batch.map(({ id }) => id));
      rest = rest.slice(batch.length);
      continue;
    }
    const { code, message, field = '' } = describeFailure(error);
    const place = /^tasks\.(\d+)\b/.exec(field)?.[1];
    if (code !== 'CONFLICT' || place === undefined) return { ...done, failure: message };
    done.changed += 1;
    rest = rest.toSpliced(Number(place), 1);
  }
  return done;
}

/** In batches. @returns the reason, if it fails. */
export async function restoreTasks(client: Client, ids: readonly string[]): Promise<string | undefined> {
  for (let done = 0; done < ids.length; done += largestBatch) {
    const input = { tasks: ids.slice(done, done + largestBatch).map((id) => ({ id })) };
    const { error } = await client.mutation(RestoreTasks, { input }, changed).toPromise();
    if (error) return describeFailure(error).message;
  }
  return undefined;
}
