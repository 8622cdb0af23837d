import { Client } from 'pg';
import { vi } from 'vitest';

/** A statement as it went to PostgreSQL. */
export interface Statement {
  text: string;
  values: readonly unknown[];
  /** Empty for one that PostgreSQL is to forget, and so plans anew each time. */
  name: string;
}

/**
 * Every statement that this process, and so the server in it, sends to PostgreSQL while `work` runs. What is
 * sent meanwhile by somebody else in the process counts too.
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

/** The server follows the log and folds it all the time, each on a connection of its own. */
const UNASKED = ['taskwire log', 'taskwire counters'];

function isUnasked(client: unknown): boolean {
  const { connectionParameters } = client as { connectionParameters?: { application_name?: string } };
  return UNASKED.includes(connectionParameters?.application_name ?? '');
}

/** What the server asks by the clock: who it is that asks, what a person stores, and what of the log is too old. */
const BY_THE_CLOCK = /FROM "public"\."(?:sessions|jwks)"|\/\* (?:trimLog|storageUsageOf) \*\//;

/** The same without the values, and without what comes by the clock. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await recordedBy(work)).map(({ text }) => text).filter((text) => !BY_THE_CLOCK.test(text));
}
