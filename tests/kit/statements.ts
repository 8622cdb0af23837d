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
    return spy.mock.calls.map(([statement]: unknown[]) => {
      if (typeof statement === 'string') return { text: statement, values: [], name: '' };
      const { text, values = [], name = '' } = statement as Partial<Statement> & { text: string };
      return { text, values, name };
    });
  } finally {
    spy.mockRestore();
  }
}

/** The same without the values. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await recordedBy(work)).map(({ text }) => text);
}
