import { randomUUID } from 'node:crypto';
import { parse } from 'graphql';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { BOUNDS, kept, type Kept } from '../../server/bounds.ts';
import { StatementNames } from '../../server/database/statement-names.ts';
import { checkQuota, setStorageQuota } from '../../server/domain/quota.ts';
import { append } from '../../server/log/append.ts';
import { createAccessAudit } from '../../server/log/access-audit.ts';
import { planOf } from '../../server/graphql/execution/plan.ts';
import { uuidOf } from '../../server/ids.ts';
import { queryCostOf } from '../../server/limits/query-cost.ts';
import { Windows } from '../../server/limits/windows.ts';
import { KnownShares, MOST_KNOWN } from '../../server/live/known-shares.ts';
import { labelOf } from '../../server/observability/statement-label.ts';
import { PerformanceStore } from '../../server/observability/store.ts';
import { withRequest } from '../../server/request-context.ts';
import { watchEvents } from '../kit/live.ts';
import { startWorld } from '../kit/world.ts';

/** Earlier servers of this process may still hold entries. */
const before = kept();
const world = await startWorld({ RATE_LIMIT_POINTS: '0', LOG_LEVEL: 'silent' });

const metrics = async () => (await fetch(`${world.url}/metrics`)).text();

/** The reported size of a holder, minus its earlier size. */
const keptNow = async (what: Kept) =>
  Number(new RegExp(`^taskwire_kept{what="${what}"} (.*)$`, 'm').exec(await metrics())?.[1]) - before[what];

const bounded = (Object.keys(BOUNDS) as Kept[]).filter((what) => BOUNDS[what].most !== null);

test('[BR-19] the metrics show the size of everything that can grow, and it is within its limit', async () => {
  const page = await metrics();
  for (const what of Object.keys(BOUNDS))
    expect(page).toMatch(new RegExp(`^taskwire_kept{what="${what}"} \\d`, 'm'));
  for (const what of bounded)
    expect(kept()[what] - before[what], what).toBeLessThanOrEqual(BOUNDS[what].most ?? 0);
});

test('[BR-19] operation names of anonymous requests are not kept, and one person’s names do not displace others (L4)', async () => {
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

test('[BR-19] operation names are limited, and those in use stay (L4)', () => {
  const store = newStore();
  for (let person = 0; person < 100; person += 1) {
    for (let n = 0; n < 60; n += 1) store.nameOf(`name ${person} ${n}`, '{ viewer }', `person ${person}`);
    expect(store.nameOf('Dashboard', '{ viewer }', 'someone')).toBe('Dashboard');
  }
  expect(store.operations.size).toBe(BOUNDS['operation names'].most);
  expect(store.nameOf('Dashboard', '{ viewer }', undefined)).toBe('Dashboard');
});

test('[BR-19] the durations of statements are kept for the latest operations', () => {
  const store = newStore();
  for (let n = 0; n < 2 * BOUNDS['statements of operations'].most; n += 1)
    withRequest((request) => {
      request.countedAs = `operation ${n}`;
      store.statementStarted('/* someLabel */ SELECT 1')();
    });
  expect(store.statementsOfOperations.size).toBe(BOUNDS['statements of operations'].most);
  expect(store.statements.get('someLabel')?.count).toBe(2 * BOUNDS['statements of operations'].most);
});

test('[BR-19] labels without a limit are counted together', () => {
  const store = newStore();
  for (let n = 0; n < BOUNDS.labels.most; n += 1) store.fieldResolved(`Type.field${n}`, 1);
  expect(store.fields.size).toBeLessThanOrEqual(BOUNDS.labels.most / 3 + 1);
  expect(store.fields.get('(others)')?.count).toBeGreaterThan(0);
});

test('[BR-19] the texts of statements are limited in total', () => {
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
  '[BR-19] events and answers that are kept for reconnecting clients are limited',
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
      await append(world.db, ...some);
    }
    await ada.createTask('after all of them');
    await expect.poll(() => events.told.length, { timeout: 30_000 }).toBeGreaterThan(1_000);
    expect(await keptNow('recent events')).toBeLessThanOrEqual(BOUNDS['recent events'].most);
    expect(await keptNow('shared answers')).toBeLessThanOrEqual(BOUNDS['shared answers'].most);
  },
);

test('[BR-19] cached storage usage is limited (M10)', { timeout: 60_000 }, async () => {
  const ofServer = await keptNow('storage usage');
  setStorageQuota(world.db, { rows: 1, bytes: 0 });
  for (let people = 0; people < BOUNDS['storage usage'].most + 500; people += 500)
    await Promise.all(Array.from({ length: 500 }, () => checkQuota(world.db, { userId: randomUUID() })));
  expect(await keptNow('storage usage')).toBe(BOUNDS['storage usage'].most + ofServer);
});

test('[BR-19] budgets are kept for the latest addresses and people', () => {
  for (const what of ['budgets', 'request budgets'] as const) {
    const windows = new Windows(what, 60_000);
    const ofOthers = kept()[what];
    for (let n = 0; n < BOUNDS[what].most + 100; n += 1) {
      windows.spend(`address ${n}`, 1);
      expect(windows.spend('in use', 1).spent).toBe(n + 1);
    }
    expect(kept()[what]).toBe(ofOthers + BOUNDS[what].most);
    expect(windows.spend('address 0', 1).spent).toBe(1);
  }
});

test('[BR-19] refused accesses are counted for the latest people, and those of others are reported early', async () => {
  const refusals = createAccessAudit(world.db, () => undefined);
  const ofServer = await keptNow('refusals');
  const missing = { code: 'NOT_FOUND', subjectId: undefined } as const;
  const { ada } = await world.people('Ada');
  const person = { userId: uuidOf('User', ada.id) };
  for (let n = 0; n < BOUNDS.refusals.most + 500; n += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, m) => refusals.record(person, missing, `operation ${n + m}`)),
    );
  expect(await keptNow('refusals')).toBe(BOUNDS.refusals.most + ofServer);
  await refusals.close();
});

test('[BR-19] cached answers to introspection are limited', async () => {
  const { ada } = await world.people('Ada');
  const fields = 'description fields { name description args { name description type { name } } }';
  for (let n = 0; n < 40; n += 1) await ada.query(`query Look${n} { __schema { types { name ${fields} } } }`);
  expect(await keptNow('introspection answers')).toBeGreaterThan(BOUNDS['introspection answers'].most / 2);
  expect(await keptNow('introspection answers')).toBeLessThanOrEqual(BOUNDS['introspection answers'].most);
});

test('[BR-19] prepared statements of connections are limited', () => {
  const ofOthers = kept()['prepared statements'];
  const names = new StatementNames();
  const long = 'x'.repeat(10_000);
  for (let n = 0; n < 60; n += 1) names.nameOf(`SELECT ${n} /* ${long} */`);
  const characters = kept()['prepared statements'] - ofOthers;
  expect(characters).toBeLessThanOrEqual(BOUNDS['prepared statements'].most);
  expect(characters).toBeGreaterThan(BOUNDS['prepared statements'].most / 2);
});

test('[BR-19] of the shares that decide on a person’s events, the latest thousand are cached', async () => {
  const { ada } = await world.people('Ada');
  const shares = new KnownShares(world.db, uuidOf('User', ada.id), true);
  const ids = Array.from({ length: 2 * MOST_KNOWN }, () => randomUUID());
  for (const id of ids) shares.learn(id, 'VIEW');
  expect(shares.size).toBe(MOST_KNOWN);
  expect(shares.of(ids.at(-1) ?? '')).toBe('VIEW');
  expect(await shares.of(ids[0] ?? '')).toBeNull();
});

test('[BR-19] unknown operation names are not cached', () => {
  const document = parse('query A { viewer { id } } query B { viewer { name } }');
  const price = queryCostOf(schema, document, 'A');
  expect(queryCostOf(schema, document, 'A')).toBe(price);
  expect(queryCostOf(schema, document, 'B')).not.toBe(price);
  const plan = planOf(schema, document, 'A');
  expect(planOf(schema, document, 'A')).toBe(plan);
  expect(planOf(schema, document, 'Z')).toBeNull();
  expect(queryCostOf(schema, document, 'Z')).toBe(queryCostOf(schema, document, 'Y'));
});
