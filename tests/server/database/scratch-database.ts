import { randomInt } from 'node:crypto';
import { inject } from 'vitest';
import { openSession } from '../../kit/session.ts';

/** Creates an empty database, removed with the run's others. @param options of CREATE DATABASE. @returns its URL. */
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
