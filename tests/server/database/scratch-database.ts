import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

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
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
