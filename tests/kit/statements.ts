import { Client } from 'pg';
import { vi } from 'vitest';

/** A statement as sent to PostgreSQL. */
export interface Statement {
  text: string;
  values: readonly unknown[];
  /** Empty for a statement that is not prepared. */
  name: string;
}

/**
 * All statements of this process, including its server, while `work` runs. Statements of others in this process count
 * too.
 */
export async function recordedBy(work: () => Promise<unknown>): Promise<Statement[]> {
  const spy = vi.spyOn(Client.prototype, 'query');
  try {
    await work();
    const calls = spy.mock.calls.filter((_call, index) => !isUnasked(spy.mock.contexts[index]));
    return calls.map(([statement]: unknown[]) => {
      if (typeof statement === 'string') return { text: statement, values: [], name: '' };
      const { text, values = [], name = '' } = statement as Partial<Statement> & { text: string };
      return { text, values, name };
    });
  } finally {
    spy.mockRestore();
  }
}

/** The server reads and folds the log continuously, and queues its events for webhooks, on separate connections. */
const UNASKED = ['taskwire log', 'taskwire counters', 'taskwire webhooks'];

function isUnasked(client: unknown): boolean {
  const { connectionParameters } = client as { connectionParameters?: { application_name?: string } };
  return UNASKED.includes(connectionParameters?.application_name ?? '');
}

/** Periodic statements of the server: credentials, storage usage, log retention, webhooks with something to send, and
 * messages to the assistant.
 */
const BY_THE_CLOCK =
  /FROM "public"\."(?:sessions|jwks)"|\/\* (?:trimLog|storageUsageOf|claimWebhooks|trimDeliveries|claimReplies) \*\//;

/** The same without values and periodic statements. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await recordedBy(work)).map(({ text }) => text).filter((text) => !BY_THE_CLOCK.test(text));
}
