import type { CreateTaskInput } from '../../gql/graphql.ts';
import { toasts } from '../ui/toasts.svelte.ts';

const storedAs = 'taskwire.outbox';
const mostChanges = 200;

/** A change that could not be sent. Sending it twice has no further effect. */
export interface WaitingChange {
  kind: 'create' | 'complete' | 'reopen';
  taskId: string;
  title: string;
  /** Of a creation. */
  input?: CreateTaskInput;
  /** Why the server refused it; it then waits for the person. */
  refusal?: string;
}

/** The changes of one person that this browser keeps until the server can be reached. They survive a reload. */
class Outbox {
  changes = $state.raw<readonly WaitingChange[]>([]);
  #userId: string | undefined;

  open(userId: string): void {
    if (this.#userId === userId) return;
    this.#userId = userId;
    this.reload();
  }

  /** Reads them again: another tab may have sent them. */
  reload(): void {
    try {
      this.changes = JSON.parse(localStorage.getItem(this.#key) ?? '[]') as WaitingChange[];
    } catch {
      this.changes = [];
    }
  }

  /** @returns false if it cannot be kept: there are too many, or the browser stores nothing. */
  keep(change: WaitingChange): boolean {
    if (this.#userId === undefined) return false;
    const others = this.changes.filter(({ taskId }) => taskId !== change.taskId);
    const isKept = others.length < mostChanges && this.#store([...others, change]);
    if (isKept && change.refusal === undefined)
      toasts.show('Kept in this browser until the server can be reached.');
    return isKept;
  }

  remove({ taskId }: Pick<WaitingChange, 'taskId'>): void {
    this.#store(this.changes.filter((change) => change.taskId !== taskId));
  }

  /** Whether a task will be completed (true) or reopened (false); undefined if neither waits. */
  willBeClosed(id: string): boolean | undefined {
    const change = this.changes.find(({ taskId, refusal }) => taskId === id && refusal === undefined);
    return change === undefined || change.kind === 'create' ? undefined : change.kind === 'complete';
  }

  /** At sign-out. */
  clear(): void {
    this.#store([]);
    this.#userId = undefined;
  }

  get #key(): string {
    return `${storedAs} ${this.#userId ?? ''}`;
  }

  #store(changes: WaitingChange[]): boolean {
    this.changes = changes;
    try {
      if (changes.length > 0) localStorage.setItem(this.#key, JSON.stringify(changes));
      else localStorage.removeItem(this.#key);
      return true;
    } catch {
      return false;
    }
  }
}

export const outbox = new Outbox();
