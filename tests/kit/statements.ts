import { Client } from 'pg';
import { vi } from 'vitest';

/**
 * Every statement that this process, and so the server in it, sends to PostgreSQL while `work` runs. What is
 * sent meanwhile by somebody else in the process counts too.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(Client.prototype, 'query');
  try {
    await work();
    return spy.mock.calls.map(([statement]: unknown[]) =>
      typeof statement === 'string' ? statement : (statement as { text: string }).text,
    );
  } finally {
    spy.mockRestore();
  }
}
