import type { FragmentType } from '../../gql/fragment-masking.ts';
import type { TaskEditor_TaskFragmentDoc } from '../../gql/graphql.ts';
import type { TaskDraft } from './task-draft.ts';

const storedAs = 'taskwire.unsent';

/** A draft, stored per tab and user. It survives a reload and the end of a session, until the user signs out. */
interface Unsent<Value> {
  read: () => Value | undefined;
  /** Stores the draft; undefined removes it. */
  keep: (value: Value | undefined) => void;
}

interface UnsentEdit {
  /** The task when the edit began. */
  task: FragmentType<typeof TaskEditor_TaskFragmentDoc>;
  typed: TaskDraft;
}

/** @param userId the draft's owner; nothing is stored while it is undefined. */
export function taskDraftStorage(userId: string | undefined): Unsent<TaskDraft> {
  return storedFor(userId, 'task');
}

export function editDraftStorage(userId: string | undefined): Unsent<UnsentEdit> {
  return storedFor(userId, 'edit');
}

/** A text about a task or a conversation, such as `comment`; `sending` is for messages without an answer. */
export function textDraftStorage<Value>(
  userId: string | undefined,
  what: 'comment' | 'description' | 'message' | 'sending',
  aboutId: string,
): Unsent<Value> {
  return storedFor(userId, `${what} ${aboutId}`);
}

/** Removes all drafts, at sign-out. */
export function clearDrafts(): void {
  withStorage((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(storedAs)) storage.removeItem(key);
  });
}

function storedFor<Value>(userId: string | undefined, what: string): Unsent<Value> {
  if (userId === undefined) return { read: () => undefined, keep: () => undefined };
  const key = `${storedAs} ${what} ${userId}`;
  return {
    read: () =>
      withStorage((storage) => {
        const kept = storage.getItem(key);
        return kept === null ? undefined : (JSON.parse(kept) as Value);
      }),
    keep: (value) =>
      withStorage((storage) => {
        if (value === undefined) storage.removeItem(key);
        else storage.setItem(key, JSON.stringify(value));
      }),
  };
}

/** Without storage (forbidden or full) a draft lasts as long as the page. */
function withStorage<Value>(work: (storage: Storage) => Value): Value | undefined {
  try {
    return work(sessionStorage);
  } catch {
    return undefined;
  }
}
