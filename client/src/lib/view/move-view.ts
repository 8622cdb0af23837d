import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { describeFailure } from '../api/failure.ts';
import { numberWords } from '../language/format.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';

const MoveView = graphql(`
  mutation MoveView($input: UpdateViewInput!) {
    updateView(input: $input) {
      view {
        id
        version
      }
    }
  }
`);

/**
 * Moves a view to a place among the others, and offers to undo it.
 * @returns its new version, or undefined if it could not be moved; the person is told.
 */
export async function moveViewUndoably(
  client: Client,
  rows: readonly { id: string; name: string }[],
  from: number,
  to: number,
): Promise<number | undefined> {
  const row = rows[from];
  if (!row) return undefined;
  const { id, name } = row;
  const others = rows.toSpliced(from, 1);

  async function put(place: number): Promise<number | string> {
    const after = others[place - 1]?.id ?? null;
    const { data, error } = await client.mutation(MoveView, { input: { id, after } }).toPromise();
    return data?.updateView.view.version ?? (error ? describeFailure(error).message : '');
  }

  const version = await put(to);
  if (typeof version === 'string') {
    toasts.show(version);
    return undefined;
  }
  undoStack.add({
    done: `Moved “${name}” to place ${numberWords(to + 1)}`,
    undone: `Moved “${name}” back`,
    async undo() {
      const result = await put(from);
      return typeof result === 'string' ? result : undefined;
    },
  });
  return version;
}
