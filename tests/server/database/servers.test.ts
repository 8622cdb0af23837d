import { expect, onTestFinished, test } from 'vitest';
import { connect, disconnect, run } from '../../../server/database/client.ts';
import { classify } from '../../../server/database/failures.ts';
import { freePort } from '../../../server/database/free-port.ts';
import { applyMigrations } from '../../../server/database/migrations.ts';
import { openDatabase } from '../../../server/database/open.ts';
import { Prisma } from '../../../prisma/generated/client/client.ts';
import { freshDatabase } from '../../kit/database.ts';

const databaseUrl = await freshDatabase();
const { host } = new URL(databaseUrl);

/** The database on several servers, of which only the given ones are there. */
async function on(...servers: string[]): Promise<string> {
  const away = `127.0.0.1:${String(await freePort())}`;
  return databaseUrl.replace(host, [away, ...servers].join(',')) + '?target_session_attrs=read-write';
}

test('a URL with several servers uses the one that answers, in the server and in commands (DSN)', async () => {
  const url = await on(host);
  const db = connect(url);
  onTestFinished(() => disconnect(db));
  expect(await run(db, Prisma.sql`SELECT current_database() AS name`)).toEqual([
    { name: new URL(databaseUrl).pathname.slice(1) },
  ]);
  expect(await applyMigrations(url)).toEqual({ applied: [] });
  const place = { databaseUrl: url, dataDir: '', publicUrl: undefined, host: 'localhost', port: 0 };
  expect((await openDatabase(place)).url).toBe(databaseUrl);
});

test('if none of several servers answers, the start names them, and requests can be repeated (DSN)', async () => {
  const url = await on(`127.0.0.1:${String(await freePort())}`);
  const [, servers = ''] = /@(.*)\//.exec(url) ?? [];
  await expect(applyMigrations(url)).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringContaining(servers.replace(',', ', ')) as string,
  });
  const db = connect(url);
  onTestFinished(() => disconnect(db));
  for (const read of [() => run(db, Prisma.sql`SELECT 1`), () => db.user.count()])
    expect(classify(await read().catch((error: unknown) => error))).toMatchObject({ kind: 'unavailable' });
});
