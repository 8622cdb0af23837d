import type { FragmentType } from '../../gql/fragment-masking.ts';
import type { TaskEditor_TaskFragmentDoc } from '../../gql/graphql.ts';
import type { TaskDraft } from './task-draft.ts';

const storedAs = 'taskwire.unsent';

/**
 * What a person has typed and not sent yet, kept in this tab for them alone: it outlives a session that ends and a page that
 * is loaded anew, until they sign out.
 */
interface Unsent<Value> {
  read: () => Value | undefined;
  /** Keeps what there is now; undefined where that was sent or given up. */
  keep: (value: Value | undefined) => void;
}

interface UnsentEdit {
  /** As it was when the edit began. */
  task: FragmentType<typeof TaskEditor_TaskFragmentDoc>;
  typed: TaskDraft;
}

/** @param userId whose it is; while that is not known, nothing is kept. */
export function taskDraftStorage(userId: string | undefined): Unsent<TaskDraft> {
  return storedFor(userId, 'task');
}

/** The same of an edit. */
export function editDraftStorage(userId: string | undefined): Unsent<UnsentEdit> {
  return storedFor(userId, 'edit');
}

/** Whoever signs out leaves nothing behind. */
export function clearDrafts(): void {
  whereAllowed((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(storedAs)) storage.removeItem(key);
  });
}

function storedFor<Value>(userId: string | undefined, what: string): Unsent<Value> {
  if (userId === undefined) return { read: () => undefined, keep: () => undefined };
  const key = `${storedAs} ${what} ${userId}`;
  return {
    read: () =>
      whereAllowed((storage) => {
        const kept = storage.getItem(key);
        return kept === null ? undefined : (JSON.parse(kept) as Value);
      }),
    keep: (value) =>
      whereAllowed((storage) => {
        if (value === undefined) storage.removeItem(key);
        else storage.setItem(key, JSON.stringify(value));
      }),
  };
}

/** Where storage is forbidden or full, what is typed lasts as long as the page. */
function whereAllowed<Value>(work: (storage: Storage) => Value): Value | undefined {
  try {
    return work(sessionStorage);
  } catch {
    return undefined;
  }
}
