import { AsyncLocalStorage } from 'node:async_hooks';

/** Through what a change is made. */
export interface EventSource {
  /** The `AgentRun` of the credential. */
  runId: string;
  /** The approval that lets the agent make the change. */
  approvalId: string | null;
}

const sources = new AsyncLocalStorage<EventSource | null>();

/** Attributes the events that `work` appends to a source; null for sessions and for the server itself. */
export function through<T>(source: EventSource | null, work: () => T): T {
  return source === currentSource() ? work() : sources.run(source, work);
}

export function currentSource(): EventSource | null {
  return sources.getStore() ?? null;
}
