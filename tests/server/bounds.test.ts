import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BOUNDS, kept, type Kept } from '../../server/bounds.ts';
import { checkQuota, setStorageQuota } from '../../server/domain/quota.ts';
import { appendAll } from '../../server/events/log.ts';
import { uuidOf } from '../../server/ids.ts';
import { labelOf } from '../../server/performance/statement-label.ts';
import { PerformanceStore } from '../../server/performance/store.ts';
import { withRequest } from '../../server/request.ts';
import { watchEvents } from '../kit/live.ts';
import { startWorld } from '../kit/world.ts';

/** Other servers of this process may have ended and still hold something. */
const before = kept();
const world = await startWorld({ RATE_LIMIT_POINTS: '0', LOG_LEVEL: 'silent' });

const metrics = async () => (await fetch(`${world.url}/metrics`)).text();

/** What the server says that it keeps of something, without what was there before. */
const keptNow = async (what: Kept) =>
  Number(new RegExp(`^taskwire_kept{what="${what}"} (.*)$`, 'm').exec(await metrics())?.[1]) - before[what];

const bounded = (Object.keys(BOUNDS) as Kept[]).filter((what) => BOUNDS[what].most !== null);

test('[BR-19] the metrics say how much is kept of everything that can grow, and it is within its bound', async () => {
  const page = await metrics();
  for (const what of Object.keys(BOUNDS))
    expect(page).toMatch(new RegExp(`^taskwire_kept{what="${what}"} \\d`, 'm'));
  for (const what of bounded)
    expect(kept()[what] - before[what], what).toBeLessThanOrEqual(BOUNDS[what].most ?? 0);
});

test('[BR-19] names of people who are not signed in are not kept, and one person’s do not crowd out the others (L4)', async () => {
  const { ada, bob, eve } = await world.people('Ada', 'Bob', 'Eve');
  await ada.query('query DashboardOfAda { viewer { id } }');
  const length = (await metrics()).length;
  for (let n = 0; n < 300; n += 1)
    await world.query(`query Anonymous${n} { viewer { id } }`).catch(() => undefined);
  for (let n = 0; n < 250; n += 1) await eve.query(`query OfEve${n} { viewer { id } }`);
  await bob.query('query ListOfBob { viewer { id } }');
  const text = await metrics();
  expect(text).toContain('operation="DashboardOfAda"');
  expect(text).toContain('operation="ListOfBob"');
  expect(text).not.toContain('operation="Anonymous');
  expect(new Set(text.match(/operation="OfEve\d+"/g)).size).toBe(50);
  expect(text.length - length).toBeLessThan(300_000);
  expect(await keptNow('operation names')).toBeLessThanOrEqual(BOUNDS['operation names'].most);
});

const newStore = () => new PerformanceStore({ log: pino({ level: 'silent' }), slowMs: Infinity });

test('[BR-19] operation names of very many people have an end, and those in use stay (L4)', () => {
  const store = newStore();
  for (let person = 0; person < 100; person += 1) {
    for (let n = 0; n < 60; n += 1) store.nameOf(`name ${person} ${n}`, '{ viewer }', `person ${person}`);
    expect(store.nameOf('Dashboard', '{ viewer }', 'somebody')).toBe('Dashboard');
  }
  expect(store.operations.size).toBe(BOUNDS['operation names'].most);
  expect(store.nameOf('Dashboard', '{ viewer }', undefined)).toBe('Dashboard');
});

test('[BR-19] what statements took is kept for the latest of their operations', () => {
  const store = newStore();
  for (let n = 0; n < 2 * BOUNDS['statements of operations'].most; n += 1)
    withRequest((request) => {
      request.countedAs = `operation ${n}`;
      store.statementStarted('/* someLabel */ SELECT 1')();
    });
  expect(store.statementsOfOperations.size).toBe(BOUNDS['statements of operations'].most);
  expect(store.statements.get('someLabel')?.count).toBe(2 * BOUNDS['statements of operations'].most);
});

test('[BR-19] labels that nothing bounds are counted together', () => {
  const store = newStore();
  for (let n = 0; n < BOUNDS.labels.most; n += 1) store.fieldResolved(`Type.field${n}`, 1);
  expect(store.fields.size).toBeLessThanOrEqual(BOUNDS.labels.most / 3 + 1);
  expect(store.fields.get('(others)')?.count).toBeGreaterThan(0);
});

test('[BR-19] texts of statements, however long, have an end', () => {
  for (let n = 0; n < 100; n += 1) labelOf(`SELECT ${n} FROM tasks WHERE id IN (${'$1, '.repeat(10_000)}$1)`);
  expect(kept()['statement texts']).toBeLessThanOrEqual(BOUNDS['statement texts'].most);
  expect(kept()['statement texts']).toBeGreaterThan(0);
});

test.each([
  ['documents', '{ viewer { id } }'],
  ['refused documents', '{ viewer '],
] as const)('[BR-19] %s that are remembered have an end', async (what, document) => {
  const { ada } = await world.people('Ada');
  for (let n = 0; n < 10; n += 1)
    await ada.query(`${document} # ${n} ${'x'.repeat(900_000)}`).catch(() => undefined);
  expect(await keptNow(what)).toBeGreaterThan(0);
  expect(await keptNow(what)).toBeLessThanOrEqual(BOUNDS[what].most);
});

test(
  '[BR-19] events and answers that are kept for those who come back have an end',
  { timeout: 60_000 },
  async () => {
    const { ada } = await world.people('Ada');
    const events = await watchEvents(world, ada);
    const actorId = uuidOf('User', ada.id);
    for (let times = 0; times < 16; times += 1) {
      const some = Array.from(
        { length: 1_000 },
        () => ({ kind: 'apiToken.used', actorId, subjectId: randomUUID(), data: {} }) as const,
      );
      await appendAll(world.db, some);
    }
    await ada.createTask('after all of them');
    await expect.poll(() => events.told.length, { timeout: 30_000 }).toBeGreaterThan(1_000);
    expect(await keptNow('recent events')).toBeLessThanOrEqual(BOUNDS['recent events'].most);
    expect(await keptNow('shared answers')).toBeLessThanOrEqual(BOUNDS['shared answers'].most);
  },
);

test(
  '[BR-19] what is known of the storage of very many people has an end (M10)',
  { timeout: 60_000 },
  async () => {
    const ofServer = await keptNow('storage usage');
    setStorageQuota(world.db, { rows: 1, bytes: 0 });
    for (let people = 0; people < BOUNDS['storage usage'].most + 500; people += 500)
      await Promise.all(Array.from({ length: 500 }, () => checkQuota(world.db, { userId: randomUUID() })));
    expect(await keptNow('storage usage')).toBe(BOUNDS['storage usage'].most + ofServer);
  },
);
