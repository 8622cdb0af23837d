import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const requestIds = new AsyncLocalStorage<string>();

/** Runs the work of one request under a new id, which the answer, the log and a masked error share. */
export function withRequestId(work: (requestId: string) => void): void {
  const id = randomUUID();
  requestIds.run(id, work, id);
}

/** The id of the request whose work this is; undefined outside of any. */
export function currentRequestId(): string | undefined {
  return requestIds.getStore();
}
