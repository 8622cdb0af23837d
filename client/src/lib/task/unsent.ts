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

export function unsentTaskOf(userId: string): Unsent<TaskDraft> {
  return storedUnder(`${storedAs} task ${userId}`);
}

export function unsentEditOf(userId: string): Unsent<UnsentEdit> {
  return storedUnder(`${storedAs} edit ${userId}`);
}

/** Whoever signs out leaves nothing behind. */
export function forgetUnsent(): void {
  whereAllowed((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(storedAs)) storage.removeItem(key);
  });
}

function storedUnder<Value>(key: string): Unsent<Value> {
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
