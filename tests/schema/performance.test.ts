import { expect, onTestFinished, test, vi } from 'vitest';
import { startProcess } from '../../ops/drills/server-process.ts';
import { verifyAccount } from '../../server/auth/account.ts';
import type { Logger } from '../../server/logger.ts';
import { PerformanceStore } from '../../server/observability/store.ts';
import { withRequest } from '../../server/request-context.ts';
import { offerShare, secretOf } from '../kit/shares.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({
  ADMIN_EMAILS: 'root@example.com',
  SLOW_MS: '0',
  LOG_LEVEL: 'silent',
  TRACE_SAMPLE_RATE: '1',
  METRICS_TOKEN: 'a token for the metrics',
});
const ROOT = { name: 'Root', email: 'root@example.com', password: 'correct horse battery' };
const { signUp } = await world.query<{ signUp: { token: string } }>(
  'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
  { input: ROOT },
);
await verifyAccount(world.db, ROOT.email);
const root = { authorization: `Bearer ${signUp.token}` };
const { ada } = await world.people('Ada');

interface Thing {
  name: string;
  operation: string | null;
  durations: {
    count: number;
    total: number;
    average: number;
    p50: number;
    p95: number;
    p99: number;
    longest: number;
  };
}

interface Answer {
  performance: {
    operations: Thing[];
    fields: Thing[];
    statements: Thing[];
    slowest: { operation: string; took: number; sql: number; statements: number; requestId: string }[];
    errors: { code: string; count: number }[];
    pool: { size: number; open: number };
    logLag: { events: number; seconds: number };
  };
}

interface Details {
  logLag: { events: number; seconds: number };
  consumerLags: { task_counters: { events: number; seconds: number } };
  liveLagSeconds: number;
}

const THINGS = '{ name operation durations { count total average p50 p95 p99 longest } }';
const PERFORMANCE = `query Watch { performance {
  since operations ${THINGS} fields ${THINGS} statements ${THINGS}
  slowest { at requestId operation took parse validate execute sql statements }
  errors { code count } pool { size open idle waiting } logLag { events seconds }
} }`;

const watch = async () => (await world.query<Answer>(PERFORMANCE, {}, root)).performance;

test('[T060] an administrator sees how long operations, resolvers and statements took', async () => {
  for (let n = 0; n < 3; n += 1)
    await ada.query('query MyTasks { tasks(first: 5) { nodes { title } totalCount } }');
  await ada.query('{ viewer { name } }');
  await expect(ada.query('{ task(id: "nonsense") { title } }')).rejects.toThrow();
  const seen = await watch();

  const { durations } = named(seen.operations, 'MyTasks');
  expect(durations.count).toBe(3);
  expect(durations.average).toBeCloseTo(durations.total / 3, 6);
  expect(durations.p50).toBeLessThanOrEqual(durations.p95);
  expect(durations.p95).toBeLessThanOrEqual(durations.p99);
  expect(durations.p99).toBeLessThanOrEqual(durations.longest);
  expect(named(seen.operations, '{ viewer }').durations.count).toBe(1);
  expect(named(seen.fields, 'Query.tasks').durations.count).toBe(3);
  const read = seen.statements.filter(({ operation }) => operation === 'MyTasks');
  expect(read.reduce((sum, statement) => sum + statement.durations.count, 0)).toBeGreaterThanOrEqual(3);
  expect(seen.slowest.find(({ operation }) => operation === 'MyTasks')).toMatchObject({
    statements: expect.any(Number) as number,
  });
  expect(seen.errors.length).toBeGreaterThan(0);
  expect(seen.pool).toMatchObject({ size: 10 });
});

test('[T060] a long transaction shows as lag of the log', async () => {
  await world.db.$transaction(async (tx) => {
    await tx.$executeRaw`UPDATE users SET name = name WHERE email = ${ada.email}`;
    await ada.createTask('Waits for the transaction');
    const { logLag } = await watch();
    expect(logLag.events).toBeGreaterThan(0);
    expect(logLag.seconds).toBeGreaterThan(0);
    const details = (await (await fetch(`${world.url}/readyz`)).json()) as Details;
    // Events that are not safe to read are not folded either.
    for (const { events, seconds } of [details.logLag, details.consumerLags.task_counters]) {
      expect(events).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(0);
    }
    expect(details.liveLagSeconds).toBeGreaterThanOrEqual(0);
    const authorization = 'Bearer a token for the metrics';
    const page = await (await fetch(`${world.url}/metrics`, { headers: { authorization } })).text();
    expect(page).toMatch(/^taskwire_consumer_lag_events\{consumer="task_counters"\} [1-9]/m);
  });
});

test('[T060] other people cannot read it', async () => {
  await expect(ada.query(PERFORMANCE)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(world.query(PERFORMANCE)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('[T060] people can read only their own isAdmin', async () => {
  const me = '{ viewer { isAdmin } }';
  expect(await world.query(me, {}, root)).toEqual({ viewer: { isAdmin: true } });
  expect(await ada.query(me)).toEqual({ viewer: { isAdmin: false } });
  const taskId = await ada.createTask('Look at the log');
  const { link } = await offerShare(ada, ROOT.email, taskId);
  const accept = 'mutation ($secret: String!) { acceptShare(input: { secret: $secret }) { cursor } }';
  await world.query(accept, { secret: secretOf(link) }, root);
  const ofOthers = await world.query(`{ task(id: "${taskId}") { owner { name isAdmin } } }`, {}, root);
  expect(ofOthers).toEqual({ task: { owner: { name: 'Ada', isAdmin: null } } });
});

test('[T060] a statement counts for its request, also if it waits for a connection', async () => {
  const readers = Array.from({ length: 40 }, (_, n) =>
    ada.query(`query Wait${n} { tasks(first: 1) { totalCount } dashboard { statistics { total } } }`),
  );
  await Promise.all(readers);
  const { slowest } = await watch();
  const counts = slowest
    .filter(({ operation }) => operation.startsWith('Wait'))
    .map(({ statements }) => statements);
  expect(counts.length).toBeGreaterThan(5);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
});

test('[T060] each response has its duration in seconds, and its parts', async () => {
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ada.token}` },
    body: JSON.stringify({ query: '{ tasks(first: 1) { totalCount } }' }),
  });
  expect(Number(response.headers.get('x-response-time'))).toBeGreaterThan(0);
  expect(Number(response.headers.get('x-response-time'))).toBeLessThan(10);
  const timing = response.headers.get('server-timing') ?? '';
  for (const part of ['total', 'parse', 'validate', 'execute', 'sql']) {
    expect(timing).toMatch(new RegExp(`\\b${part};dur=\\d+\\.\\d\\d`));
  }
  for (const path of ['/healthz', '/schema.graphql', '/nowhere']) {
    expect((await fetch(world.url + path)).headers.get('x-response-time'), path).toMatch(/^\d+\.\d{6}$/);
  }
});

test('[T060] Prometheus reads the same numbers with the token', async () => {
  await ada.query('query ForPrometheus { viewer { name } }');
  const authorization = 'Bearer a token for the metrics';
  const page = await (await fetch(`${world.url}/metrics`, { headers: { authorization } })).text();
  expect(page).toMatch(/^taskwire_operation_seconds_count\{operation="ForPrometheus"\} 1$/m);
  expect(page).toMatch(/^taskwire_operation_seconds_bucket\{operation="ForPrometheus",le="\+Inf"\} 1$/m);
  expect(page).toMatch(/^taskwire_statement_seconds_sum\{statement="\w+[^"]*"\} [\d.e-]+$/m);
  expect(page).toMatch(/^taskwire_database_connections\{state="size"\} 10$/m);
  expect(page).toMatch(/^taskwire_up 1$/m);
  const counters = '\\{consumer="task_counters"\\}';
  const lags = ['log_lag_seconds', `consumer_lag_events${counters}`, `consumer_lag_seconds${counters}`];
  for (const lag of [...lags, 'live_lag_seconds'])
    expect(page).toMatch(new RegExp(`^taskwire_${lag} [\\d.e-]+$`, 'm'));
  expect(page).toMatch(/^process_cpu_seconds_total /m);
  expect(page).not.toContain(ada.token);

  const through = { 'x-forwarded-for': '203.0.113.7' };
  const get = async (headers: Record<string, string>) =>
    (await fetch(`${world.url}/metrics`, { headers })).status;
  expect(await get(through)).toBe(403);
  expect(await get({ ...through, authorization: 'Bearer a wrong token' })).toBe(403);
  expect(await get({ ...through, authorization })).toBe(200);
});

test('[T060] a slow operation is logged with its name and request, without values', async () => {
  const server = await startProcess({
    DATABASE_URL: world.databaseUrl,
    AUTH_SECRET: 'a secret that guards nothing but tests',
    SLOW_MS: '0',
    LOG_LEVEL: 'warn',
  });
  onTestFinished(async () => {
    await server.stop();
  });
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        'mutation Enter($email: String!) { signIn(input: { email: $email, password: "a very secret word" }) { token } }',
      variables: { email: 'very.special@example.com' },
    }),
  });
  const requestId = response.headers.get('x-request-id');
  await expect
    .poll(() =>
      server
        .output()
        .split('\n')
        .filter((line) => line.includes('slow operation')),
    )
    .toEqual([expect.stringContaining('"operation":"Enter"')]);
  const log = server.output();
  expect(log).toContain(`"requestId":"${requestId}"`);
  expect(log).toMatch(/"statement":"SELECT (?:users|accounts)"/);
  expect(log).not.toMatch(/very\.special|very secret/);
});

test('[T060] some of many concurrent slow operations are logged, with the number of the others', () => {
  const lines: { leftOut?: number }[] = [];
  const log = { warn: (line: object) => lines.push(line) } as unknown as Logger;
  const store = new PerformanceStore({ log, slowMs: -1 });
  const clock = vi.spyOn(performance, 'now').mockReturnValue(5_000);
  onTestFinished(() => clock.mockRestore());
  const many = 500;
  for (let n = 0; n < many; n += 1)
    withRequest((request) => store.operationEnded(request, performance.now()));
  const told = lines.length;
  expect(told).toBeLessThan(many / 2);
  clock.mockReturnValue(6_000);
  for (let n = 0; n < 2; n += 1) withRequest((request) => store.operationEnded(request, performance.now()));
  expect(lines.slice(told).map(({ leftOut }) => leftOut)).toEqual([many - told, undefined]);
});

function named(things: Thing[], name: string): Thing {
  const found = things.find((thing) => thing.name === name);
  if (!found) throw new Error(`${name} is not among ${things.map((thing) => thing.name).join(', ')}`);
  return found;
}
