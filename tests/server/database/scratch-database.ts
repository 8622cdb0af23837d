import { randomInt } from 'node:crypto';
import { inject } from 'vitest';
import { openSession } from '../../kit/session.ts';

/**
 * The address of a database with nothing in it. It goes with the run's other databases.
 * @param options of CREATE DATABASE.
 */
export async function emptyDatabase(options = ''): Promise<string> {
  const { serverUrl, template } = inject('databases');
  const name = `${template}_${String(randomInt(0x7fff_ffff))}`;
  await query(serverUrl, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  await using client = await openSession(url);
  return (await client.query<Record<string, unknown>>(sql)).rows;
}
