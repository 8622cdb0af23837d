import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect as openSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { connect, disconnect, poolStatus, type ConnectOptions } from '../../../server/database/client.ts';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { classify } from '../../../server/database/failures.ts';
import { freshDatabase } from '../../kit/database.ts';

const url = await freshDatabase();

function client(options: ConnectOptions = {}, at = url) {
  const db = connect(at, options);
  onTestFinished(() => disconnect(db));
  return db;
}

test('[T064] a server survives an outage of its database: calls fail as unavailable, and work again afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-client-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const first = await startEmbedded(folder);
  const address = await standingAddress(first.url);
  let broken = 0;
  const db = client({ onConnectionLost: () => (broken += 1) }, address.url);
  const twoConnections = [
    db.$queryRaw`SELECT 1 FROM pg_sleep(0.1)`,
    db.$queryRaw`SELECT 1 FROM pg_sleep(0.1)`,
  ];
  await Promise.all(twoConnections);
  expect(poolStatus(db)).toMatchObject({ open: 2, idle: 2 });

  const busy = db.$queryRaw`SELECT 1 FROM pg_sleep(30)`.catch(classify);
  await sleep(100);
  await first.stop();
  expect(await busy).toMatchObject({ kind: 'unavailable', connectionLost: true });
  expect(await db.$queryRaw`SELECT 1`.catch(classify)).toMatchObject({ kind: 'unavailable' });
  expect(await db.$transaction((tx) => tx.$queryRaw`SELECT 1`).catch(classify)).toMatchObject({
    kind: 'unavailable',
  });
  expect(broken, 'the idle connection').toBe(1);

  const second = await startEmbedded(folder);
  onTestFinished(() => second.stop());
  address.leadTo(second.url);
  expect(await db.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test('[T064] a pool without a free connection rejects within three seconds', async () => {
  const db = client({ poolSize: 1, readTimeout: 10_000 });
  const busy = db.$queryRaw`SELECT 1 AS one FROM pg_sleep(3.5)`;
  const holding = busy.then((rows) => rows);
  await expect.poll(() => poolStatus(db)).toMatchObject({ size: 1, open: 1, idle: 0 });
  const before = performance.now();
  const failures = await Promise.all([
    db.user.count().catch(classify),
    db.$transaction((tx) => tx.user.count()).catch(classify),
  ]);
  expect(performance.now() - before).toBeLessThan(3000);
  expect(failures).toEqual([
    { kind: 'unavailable', connectionLost: false, why: 'busy' },
    { kind: 'unavailable', connectionLost: false, why: 'busy' },
  ]);
  expect(await holding).toEqual([{ one: 1 }]);
});

test('[T064] a statement that takes too long is ended, and its connection can be used again', async () => {
  const db = client({ poolSize: 1, statementTimeout: 200 });
  expect(await db.$queryRaw`SELECT 1 FROM pg_sleep(5)`.catch(classify)).toMatchObject({
    kind: 'unavailable',
    sqlState: '57014',
    connectionLost: false,
  });
  expect(await db.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test('a read has two seconds, and a change ten (H2)', async () => {
  const db = client({ poolSize: 2 });
  const began = performance.now();
  const change = db.$transaction((tx) => tx.$queryRaw`SELECT 1 AS one FROM pg_sleep(3)`);
  const read = await db.$queryRaw`SELECT 1 FROM pg_sleep(9)`.catch(classify);
  expect(read).toMatchObject({ kind: 'unavailable', sqlState: '57014', why: 'slow', connectionLost: false });
  expect(performance.now() - began).toBeLessThan(3_500);
  expect(await change).toEqual([{ one: 1 }]);
});

test('[T064] lock timeouts are shorter than statement timeouts, and idle transactions end', async () => {
  const [settings] = await client().$queryRaw<object[]>`
    SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
           current_setting('idle_in_transaction_session_timeout') AS idle`;
  expect(settings).toEqual({ lock: '8s', statement: '10s', idle: '15s' });
});

test('[T064] a database without free connections, or in read-only mode, is reported as unavailable', async () => {
  const raised = (code: string) =>
    client().$executeRawUnsafe(`DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`).catch(classify);
  // No such role, a wrong password; a standby; an I/O error.
  for (const sqlState of ['28000', '28P01', '25006', '58030'])
    expect(await raised(sqlState)).toEqual({
      kind: 'unavailable',
      sqlState,
      connectionLost: false,
      ...(sqlState === '25006' ? { why: 'read-only' } : {}),
    });
  const stranger = new URL(url);
  stranger.username = 'nobody_of_this_name';
  const db = connect(stranger.href);
  onTestFinished(() => disconnect(db));
  expect(await db.user.count().catch(classify)).toMatchObject({ kind: 'unavailable' });
});

test('a statement is prepared once per connection', async () => {
  const db = client({ poolSize: 1 });
  const prepared = () =>
    db.$queryRaw<{ statement: string }[]>`
      SELECT statement FROM pg_prepared_statements WHERE position(${'FROM "public"."tasks"'} IN statement) > 0`;
  for (const title of ['one', 'two', 'three']) await db.task.findFirst({ where: { title } });
  expect(await prepared()).toHaveLength(1);
});

test('closing an unused client leaves nothing open', async () => {
  const db = connect(url);
  await disconnect(db);
  expect(poolStatus(db).open).toBe(0);
});

test('[T064] failures have the same kind from Prisma and from raw SQL', async () => {
  const db = client();
  const person = { name: 'Ada', email: 'ada@example.org' };
  await db.user.create({ data: person });

  expect(await db.user.create({ data: person }).catch(classify)).toEqual({
    kind: 'unique-violation',
    sqlState: '23505',
    constraint: 'users_email_key',
    connectionLost: false,
  });
  const again = db.$executeRaw`
    INSERT INTO users (id, name, email, updated_at) VALUES (gen_random_uuid(), 'A', 'ada@example.org', now())`;
  expect(await again.catch(classify)).toMatchObject({
    kind: 'unique-violation',
    constraint: 'users_email_key',
  });

  const nul = { name: 'A\0da', email: 'nul@example.org' };
  expect(await db.user.create({ data: nul }).catch(classify)).toMatchObject({
    kind: 'invalid-text',
    sqlState: '22021',
  });
  const shouted = { name: 'Ada', email: 'ADA@example.org' };
  expect(await db.user.create({ data: shouted }).catch(classify)).toMatchObject({
    kind: 'other',
    sqlState: '23514',
  });
  expect(await db.$queryRaw`SELECT 1 / 0`.catch(classify)).toMatchObject({
    kind: 'other',
    sqlState: '22012',
  });
  expect(classify(new TypeError('a fault of ours'))).toEqual({ kind: 'other', connectionLost: false });
});

/** A constant address for a database that gets a new port at each start. */
async function standingAddress(target: string) {
  let port = Number(new URL(target).port);
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = openSocket(port, '127.0.0.1');
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    leadTo(next: string) {
      port = Number(new URL(next).port);
    },
  };
}
