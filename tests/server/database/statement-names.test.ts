import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { Prisma } from '../../../prisma/generated/client/client.ts';
import { connect, disconnect, run } from '../../../server/database/client.ts';
import { LONGEST_NAMED, MOST_CHARACTERS, MOST_NAMED } from '../../../server/database/statement-names.ts';
import { countDashboard } from '../../../server/sql/dashboard.ts';
import { freshDatabase } from '../../kit/database.ts';
import type { Viewer } from '../../../server/policy.ts';

const db = connect(await freshDatabase(), { poolSize: 1 });
afterAll(() => disconnect(db));

/** The prepared statements of the connection. */
async function prepared(): Promise<string[]> {
  const rows = await run<{ statement: string }>(
    db,
    Prisma.raw('SELECT statement FROM pg_prepared_statements'),
  );
  return rows.map(({ statement }) => statement);
}

const shape = (n: number) => Prisma.raw(`SELECT ${n} AS n`);

test('[BR-19] a connection keeps a limited number of statements prepared (H3)', async () => {
  for (let n = 0; n < 3 * MOST_NAMED; n += 1) expect(await run(db, shape(n))).toEqual([{ n }]);
  expect((await prepared()).length).toBeLessThanOrEqual(MOST_NAMED);
  expect(await run(db, shape(0)), 'a dropped statement').toEqual([{ n: 0 }]);
});

test('[BR-19] long statements reduce that number (H3)', async () => {
  const filler = 'x'.repeat(LONGEST_NAMED / 2);
  for (let n = 0; n < (3 * MOST_CHARACTERS) / filler.length; n += 1)
    await run(db, Prisma.raw(`SELECT ${n} AS n /* ${filler} */`));
  const characters = (await prepared()).join('').length;
  expect(characters).toBeLessThanOrEqual(MOST_CHARACTERS);
  expect(characters).toBeGreaterThan(MOST_CHARACTERS / 2);
});

test('the dashboard with its history stays prepared', async () => {
  const userId = randomUUID();
  const viewer: Viewer = {
    person: { userId, limit: null },
    actorId: userId,
    ownId: userId,
    verifiedEmail: 'ada@example.com',
    teams: new Map(),
    isAdmin: false,
  };
  await countDashboard(db, viewer, { teamId: null, by: 'owner' }, 30).catch(() => undefined);
  expect((await prepared()).some((text) => text.includes('countDashboard'))).toBe(true);
});

test('frequent statements stay prepared (H3)', async () => {
  const often = Prisma.raw('SELECT 1 AS often');
  for (let n = 0; n < 2 * MOST_NAMED; n += 1) {
    await run(db, shape(10_000 + n));
    if (n % 50 === 0) await run(db, often);
  }
  expect(await prepared()).toContain('SELECT 1 AS often');
});

test('[BR-19] neither long statements nor lists of ids are prepared (H3)', async () => {
  const long = `SELECT '${'x'.repeat(LONGEST_NAMED)}' AS long`;
  await run(db, Prisma.raw(long));
  for (let length = 21; length < 30; length += 1)
    await db.task.findMany({ where: { id: { in: Array.from({ length }, () => randomUUID()) } } });
  const kept = await prepared();
  expect(kept).not.toContain(long);
  expect(kept.filter((text) => text.includes('$25'))).toEqual([]);
});
