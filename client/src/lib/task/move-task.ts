import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { MoveTaskInput, MoveTaskMutation } from '../../gql/graphql.ts';
import { describeFailure } from '../api/failure.ts';
import { numberWords } from '../language/format.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';

const MoveTask = graphql(`
  mutation MoveTask($input: MoveTaskInput!) {
    moveTask(input: $input) {
      task {
        id
        version
        dueOn
        ...TaskRow_task
      }
    }
  }
`);

export type MovedTask = MoveTaskMutation['moveTask']['task'];

type Neighbour = Pick<MoveTaskInput, 'after' | 'before'>;

/**
 * Moves a task in the manual order, and offers to undo it.
 * @returns its new version, or undefined if it could not be moved; the person is told.
 */
export async function moveUndoably(
  client: Client,
  rows: readonly { id: string; title: string }[],
  from: number,
  to: number,
  onchanged: (task: MovedTask) => void = () => undefined,
): Promise<number | undefined> {
  const row = rows[from];
  if (!row) return undefined;
  const { id, title } = row;
  const others = rows.toSpliced(from, 1);

  async function put(neighbour: Neighbour): Promise<number | string> {
    const { data, error } = await client.mutation(MoveTask, { input: { id, ...neighbour } }).toPromise();
    if (!data) return error ? describeFailure(error).message : '';
    onchanged(data.moveTask.task);
    return data.moveTask.task.version;
  }

  const version = await put(neighbourAt(others, to));
  if (typeof version === 'string') {
    toasts.show(version);
    return undefined;
  }
  undoStack.add({
    done: `Moved “${title}” to place ${numberWords(to + 1)}`,
    undone: `Moved “${title}” back`,
    async undo() {
      const result = await put(neighbourAt(others, from));
      return typeof result === 'string' ? result : undefined;
    },
  });
  return version;
}

function neighbourAt(others: readonly { id: string }[], place: number): Neighbour {
  const [after, before] = [others[place - 1], others[place]];
  return after ? { after: after.id } : before ? { before: before.id } : {};
}
