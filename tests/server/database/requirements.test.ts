import { once } from 'node:events';
import { connect as openSocket, createServer, type AddressInfo } from 'node:net';
import { randomInt } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { applyMigrations } from '../../../server/database/migrations.ts';
import { emptyDatabase, query } from './scratch-database.ts';

const refusal = (url: string) =>
  applyMigrations(url).then(
    () => 'taken',
    (error: unknown) => error as Error & { code: string },
  );
const unsuitable = (words: RegExp) => ({
  code: 'DATABASE_UNSUITABLE',
  message: expect.stringMatching(words) as string,
});

test.each(['LATIN1', 'SQL_ASCII'])(
  'a database with the encoding %s is rejected, with a command to create one (MANAGED-PG)',
  async (encoding) => {
    const { serverUrl, template } = inject('databases');
    const name = `${template}_${String(randomInt(0x7fff_ffff))}`;
    await query(serverUrl, `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    expect(await refusal(url.href)).toMatchObject(
      unsuitable(new RegExp(`encoded in ${encoding}.*ENCODING 'UTF8'`)),
    );
  },
);

test('a role that cannot create tables gets the name of the missing right (MANAGED-PG)', async () => {
  const { role, url } = await asRole('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  expect(await refusal(url)).toMatchObject(
    unsuitable(new RegExp(`GRANT CREATE ON SCHEMA public TO "${role}"`)),
  );
});

test('a role that cannot create extensions gets the command for a superuser (MANAGED-PG)', async () => {
  const { url, superuserUrl } = await asRole('GRANT CREATE ON SCHEMA public TO PUBLIC');
  expect(await refusal(url)).toMatchObject(unsuitable(/superuser to run CREATE EXTENSION pg_trgm;/));
  await query(superuserUrl, 'CREATE EXTENSION pg_trgm');
  expect(await refusal(url)).toBe('taken');
});

/** An empty database, and a role of its own with few rights. */
async function asRole(rights: string): Promise<{ role: string; url: string; superuserUrl: string }> {
  const superuserUrl = await emptyDatabase();
  const role = `taskwire_test_role_${String(randomInt(0x7fff_ffff))}`;
  await query(superuserUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; ${rights}`);
  onTestFinished(async () => {
    await query(superuserUrl, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
  const url = new URL(superuserUrl);
  url.username = role;
  url.password = 'x';
  return { role, url: url.href, superuserUrl };
}

test('a read-only database is rejected, with the setting to change (MANAGED-PG)', async () => {
  const url = await emptyDatabase();
  await query(url, setting('default_transaction_read_only = on'));
  expect(await refusal(url)).toMatchObject(unsuitable(/read-only.*RESET default_transaction_read_only/));
});

test('short timeouts and another search path of the database do not prevent migrations (MANAGED-PG)', async () => {
  const url = await emptyDatabase();
  const odd = [
    "statement_timeout = '1ms'",
    "lock_timeout = '1ms'",
    "idle_in_transaction_session_timeout = '1ms'",
    'search_path = nowhere',
  ];
  await query(url, odd.map(setting).join('; '));
  const { applied } = await applyMigrations(url);
  expect(applied.length).toBeGreaterThan(0);
});

test('a pooler that drops session settings is detected, with the variable to set (POOLER)', async () => {
  expect(await refusal(await throughPooler(await emptyDatabase()))).toMatchObject(
    unsuitable(/pooler.*Set DATABASE_DIRECT_URL to PostgreSQL itself/),
  );
});

function setting(words: string): string {
  return `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET ${words.replaceAll("'", "''")}', current_database()); END $$`;
}

/** Drops startup options, like PgBouncer with `ignore_startup_parameters = options`. */
async function throughPooler(target: string): Promise<string> {
  const url = new URL(target);
  const { port, hostname } = url;
  const server = createServer((incoming) => {
    const outgoing = openSocket(Number(port || 5432), hostname);
    incoming.once('data', (startup: Buffer) => {
      outgoing.write(withoutOptions(startup));
      incoming.pipe(outgoing);
    });
    outgoing.pipe(incoming);
    for (const socket of [incoming, outgoing])
      socket
        .on('error', () => undefined)
        .on('close', () => {
          incoming.destroy();
          outgoing.destroy();
        });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  url.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return url.href;
}

const HEAD_BYTES = 8;

function withoutOptions(startup: Buffer): Buffer {
  const words = startup.subarray(HEAD_BYTES).toString('utf8').split('\0').slice(0, -2);
  const kept = [];
  for (let at = 0; at + 1 < words.length; at += 2)
    if (words[at] !== 'options') kept.push(words[at], words[at + 1]);
  const body = Buffer.from(`${kept.join('\0')}\0\0`);
  const head = Buffer.from(startup.subarray(0, HEAD_BYTES));
  head.writeInt32BE(HEAD_BYTES + body.length, 0);
  return Buffer.concat([head, body]);
}
