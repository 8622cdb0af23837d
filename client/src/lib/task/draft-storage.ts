import type { FragmentType } from '../../gql/fragment-masking.ts';
import type { TaskEditor_TaskFragmentDoc } from '../../gql/graphql.ts';
import type { TaskDraft } from './task-draft.ts';

const storedAs = 'taskwire.kept';

/** A value, stored per tab and user. It survives a reload and the end of a session, until the user signs out. */
interface Kept<Value> {
  read: () => Value | undefined;
  /** Stores the value; undefined removes it. */
  keep: (value: Value | undefined) => void;
}

interface UnsentEdit {
  /** The task when the edit began. */
  task: FragmentType<typeof TaskEditor_TaskFragmentDoc>;
  typed: TaskDraft;
}

/** @param userId the value's owner; nothing is stored while it is undefined. */
export function taskDraftStorage(userId: string | undefined): Kept<TaskDraft> {
  return storedFor(userId, 'task');
}

export function editDraftStorage(userId: string | undefined): Kept<UnsentEdit> {
  return storedFor(userId, 'edit');
}

/** A text about a task or a conversation, such as `comment`; `sending` is for messages without an answer. */
export function textDraftStorage<Value>(
  userId: string | undefined,
  what: 'comment' | 'description' | 'message' | 'sending',
  aboutId: string,
): Kept<Value> {
  return storedFor(userId, `${what} ${aboutId}`);
}

export interface RecentTask {
  id: string;
  title: string;
}

/** The tasks that the person opened in this tab, the latest first. */
export function recentTaskStorage(userId: string | undefined): Kept<RecentTask[]> {
  return storedFor(userId, 'recent');
}

const mostRecent = 8;

export function rememberTask(userId: string | undefined, { id, title }: RecentTask): void {
  const storage = recentTaskStorage(userId);
  const others = (storage.read() ?? []).filter((task) => task.id !== id);
  storage.keep([{ id, title }, ...others].slice(0, mostRecent));
}

/** Removes all drafts and the list of recent tasks, at sign-out. */
export function clearDrafts(): void {
  withStorage((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(storedAs)) storage.removeItem(key);
  });
}

function storedFor<Value>(userId: string | undefined, what: string): Kept<Value> {
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

/** Without storage (forbidden or full) a value is lost on a reload. */
function withStorage<Value>(work: (storage: Storage) => Value): Value | undefined {
  try {
    return work(sessionStorage);
  } catch {
    return undefined;
  }
}
