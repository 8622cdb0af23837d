import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { describeFailure } from '../api/failure.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';

const DeleteTask = graphql(`
  mutation DeleteTask($input: DeleteTaskInput!) {
    deleteTask(input: $input) {
      deletedTaskId
    }
  }
`);

const RestoreTask = graphql(`
  mutation RestoreTask($input: RestoreTaskInput!) {
    restoreTask(input: $input) {
      task {
        id
        version
      }
    }
  }
`);

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
