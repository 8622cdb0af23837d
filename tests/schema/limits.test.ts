import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { getIntrospectionQuery, parse } from 'graphql';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { schema } from '../../schema/index.ts';
import { queryCostOf } from '../../server/limits/query-cost.ts';
import { redisNamespace } from '../../server/redis-namespace.ts';
import { freshDatabase } from '../kit/database.ts';
import { freePort } from '../../server/database/free-port.ts';
import { startTestServer } from '../kit/server.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const world = await startWorld();
const strict = await startTestServer(world.databaseUrl, { RATE_LIMIT_POINTS: '500', TRUST_PROXY: '1' });
afterAll(() => strict.stop());
/** A server that limits passwords only. */
const guarded = await startTestServer(world.databaseUrl, {
  RATE_LIMIT_POINTS: '0',
  SIGN_IN_ATTEMPTS: '3',
  TRUST_PROXY: '1',
});
afterAll(() => guarded.stop());
const { ada, bob } = await world.people('Ada', 'Bob');

interface Answer {
  status: number;
  headers: Headers;
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions: Record<string, unknown> }[];
  extensions?: { cost?: Record<string, number> };
}

async function ask(
  body: { query: string; variables?: object; extensions?: object },
  headers: Record<string, string> = {},
  url = strict.url,
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Omit<Answer, 'status' | 'headers'>;
  return { ...answer, status: response.status, headers: response.headers };
}

/** A token is valid only at its server. */
async function signedIn(email: string): Promise<{ token: string }> {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const { data } = await ask({ query, variables: { input: { email, password: PASSWORD } } });
  return data?.['signIn'] as { token: string };
}

const as = ({ token }: { token: string }) => ({ authorization: `Bearer ${token}` });

describe('the cost of an operation', () => {
  const price = (query: string, variables = {}) => queryCostOf(schema, parse(query), null)(variables);

  test('is a point for each possible object in the answer, and page sizes multiply', () => {
    expect(price('{ viewer { id name email } }')).toBe(1);
    expect(price('{ tasks(first: 10) { nodes { id title } } }')).toBe(1 + 10);
    expect(price('{ tasks(first: 10) { nodes { owner { name } } totalCount } }')).toBe(1 + 10 * 2 + 10);
    expect(price('{ tasks(first: 10) { nodes { comments(last: 3) { nodes { author { id } } } } } }')).toBe(
      1 + 10 * (1 + 1 + 3 * 2),
    );
    expect(price('{ tasks { nodes { id } } }'), 'a page has 50 objects').toBe(51);
    expect(price('query ($n: Int) { tasks(first: $n) { edges { node { id } } } }', { n: 7 })).toBe(1 + 7 * 2);
    expect(price('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b', 'c'] })).toBe(3);
    expect(price('{ search(query: "x") { rank } }'), 'the default is 20').toBe(220 + 20);
    expect(price('mutation { deleteTask(input: { id: "x" }) { cursor } }')).toBe(11);
  });

  test('counts each change of a batch, in the document and in variables', () => {
    const tasks = Array.from({ length: 500 }, () => ({ title: 'Tea' }));
    const many = (variable: string, inner: string) =>
      `mutation ${variable} { ${inner} { cursor tasks { id } } }`;
    // Each title has three bytes.
    const fiveHundred = 500 * 10 + 15 + 500 / 10 + 500;
    expect(
      price(many('($input: CreateTasksInput!)', 'createTasks(input: $input)'), { input: { tasks } }),
    ).toBe(fiveHundred);
    expect(
      price(many('($tasks: [CreateTaskInput!]!)', 'createTasks(input: { tasks: $tasks })'), { tasks }),
    ).toBe(fiveHundred);
    expect(price(many('', 'createTasks(input: { tasks: [{ title: "a" }, { title: "b" }] })'))).toBe(
      2 * 10 + 11,
    );
    expect(price('mutation { createTask(input: { title: "x", labels: ["a", "b", "c"] }) { cursor } }')).toBe(
      11,
    );
  });

  test('counts fragments and aliases, however often and however deep', () => {
    expect(price('{ a: viewer { id } b: viewer { ...F } } fragment F on User { id }')).toBe(2);
    const levels = Array.from(
      { length: 40 },
      (_, n) => `fragment F${n} on Task { parent { ...F${n + 1} ...F${n + 1} } }`,
    );
    const bomb = `{ tasks(first: 1) { nodes { ...F0 } } } ${levels.join(' ')} fragment F40 on Task { id }`;
    const began = performance.now();
    expect(price(bomb)).toBeGreaterThan(1_000_000);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('uses the default values of variables, also for fields of input objects (M4)', () => {
    const tasks = (count: number) => `[${'{ title: "Tea" }'.repeat(count)}]`;
    const create = (variable: string, input: string) =>
      `mutation (${variable}) { createTasks(input: ${input}) { cursor } }`;
    const ten = 10 * 10 + 1;
    expect(price(create(`$input: CreateTasksInput! = { tasks: ${tasks(10)} }`, '$input'))).toBe(ten);
    expect(price(create(`$tasks: [CreateTaskInput!]! = ${tasks(10)}`, '{ tasks: $tasks }'))).toBe(ten);
    expect(price('query ($n: Int = 100) { tasks(first: $n) { nodes { id } } }')).toBe(101);
    expect(price('query ($n: Int = 100) { tasks(first: $n) { nodes { id } } }', { n: 2 })).toBe(3);
    expect(price('query ($ids: [ID!]! = ["a", "b", "c"]) { nodes(ids: $ids) { id } }')).toBe(3);
    expect(
      price(
        'query ($f: TaskFilter = { title: { contains: "a" } }) { tasks(first: 1, filter: $f) { nodes { id } } }',
      ),
    ).toBe(202);
    expect(price('{ dashboard { createdPerDay { count } } }'), 'thirty days').toBe(10 + 1 + 30);
  });

  test('grows with the conditions of a filter, and again for their count (H2)', () => {
    const list = (filter: string, count = '') =>
      price(`{ tasks(first: 1, filter: ${filter}) { nodes { id } ${count} } }`);
    expect(list('{ status: { eq: TODO } }')).toBe(2 + 10);
    expect(list('{ status: { eq: TODO }, dueOn: { isNull: true } }')).toBe(2 + 20);
    expect(list('{ status: { in: [TODO, DONE] } }')).toBe(2 + 12);
    expect(list('{ title: { contains: "a" } }')).toBe(2 + 200);
    expect(list('{ title: { contains: "a" } }', 'totalCount')).toBe(2 + 200 + 10 + 200);
    expect(list('{ text: "a b" }', 'totalCount')).toBe(2 + 240 + 10 + 240);
    const many = Array.from({ length: 48 }, () => '{ title: { contains: "a" } }').join(' ');
    expect(list(`{ or: [${many}] }`)).toBe(2 + 48 * 200);
    expect(list(`{ not: { and: [${many}] } }`)).toBe(2 + 48 * 200);
    const labels = Array.from({ length: 100 }, (_, n) => `"l${n}"`).join(' ');
    expect(list(`{ labels: { hasSome: [${labels}] } }`)).toBe(2 + 110);
    expect(price('{ search(query: "a b c", first: 1) { rank } }')).toBe(200 + 3 * 20 + 1);
    expect(price('{ dashboard { history(days: 100) { cycleTime { median } } } }')).toBe(11 + 250 + 1 + 1);
  });

  test('grows with the size of the input (M10)', () => {
    const text = 'ä'.repeat(5_000);
    const comment =
      'mutation ($body: String!) { addComment(input: { taskId: "x", body: $body }) { cursor } }';
    expect(price(comment, { body: 'Tea' })).toBe(11);
    expect(price(comment, { body: text })).toBe(11 + 100);
    const tasks = Array.from({ length: 10 }, () => ({ title: 'Tea', description: text }));
    const create = 'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }';
    expect(price(create, { input: { tasks } })).toBe(10 * 10 + 1 + 1000);
  });

  test('of introspection depends on its selection (M6)', () => {
    const standard = price(getIntrospectionQuery());
    expect(standard).toBeGreaterThan(100);
    expect(standard).toBeLessThan(3_000);
    const [, inner = ''] = /__schema (\{[\s\S]*?\n {4}\})/.exec(getIntrospectionQuery()) ?? [];
    expect(inner).toContain('types');
    const types = (count: number) =>
      Array.from({ length: count }, (_, n) => `a${n}: types { ...FullType }`).join(' ');
    const fragments = getIntrospectionQuery().replace(/[\s\S]*?(?=fragment FullType)/, '');
    expect(price(`{ __schema { ${types(60)} } } ${fragments}`)).toBeGreaterThan(25_000);
    expect(price('{ __type(name: "Task") { name } }')).toBe(1);
  });

  test('is calculated before anything runs, and operations that cost too much are rejected', async () => {
    const query = 'mutation { createTask(input: { title: "Never made" }) { task { id owner { id } } } }';
    const dry = await ask({ query, extensions: { cost: 'dry-run' } }, as(ada), world.url);
    expect(dry).toMatchObject({ data: null, extensions: { cost: { points: 13, most: 25_000 } } });
    expect(await world.db.task.count({ where: { title: 'Never made' } })).toBe(0);

    const page = (inner: string) => `tasks(first: 100) { nodes { ${inner} } }`;
    const greedy = `{ ${page('subtasks(first: 100) { nodes { comments(first: 100) { nodes { id } } } }')} }`;
    const refused = await ask({ query: greedy }, as(ada), world.url);
    expect(refused.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(refused.errors?.[0]?.message).toMatch(/costs up to 1020201 points; the limit is 25000/);
  });

  test('is in the response on request', async () => {
    const query = '{ tasks(first: 2) { nodes { id } } }';
    const asked = await ask({ query, extensions: { cost: 'include' } }, as(ada), world.url);
    expect(asked.extensions?.cost).toMatchObject({ points: 3, limit: 1_000_000 });
    expect((await ask({ query }, as(ada), world.url)).extensions).toBeUndefined();
  });
});

describe('a budget', () => {
  test('belongs to a viewer, is visible in the query and in headers, and ends with RATE_LIMITED', async () => {
    const query = '{ rateLimit { cost limit remaining reset } tasks(first: 100) { nodes { id } } }';
    const here = { ada: as(await signedIn(ada.email)), bob: as(await signedIn(bob.email)) };
    const first = await ask({ query }, here.ada);
    expect(first.data?.['rateLimit']).toMatchObject({ cost: 102, limit: 500, remaining: 398 });
    expect(first.headers.get('ratelimit-limit')).toBe('500');
    expect(first.headers.get('ratelimit-remaining')).toBe('398');
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    for (let n = 0; n < 3; n += 1) await ask({ query }, here.ada);
    const spent = await ask({ query }, here.ada);
    expect(spent.status).toBe(429);
    expect(spent.data).toBeUndefined();
    expect(spent.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
    const wait = spent.errors?.[0]?.extensions['retryAfter'];
    expect(spent.headers.get('retry-after')).toBe(String(wait));
    expect(Number(wait)).toBeGreaterThan(0);
    expect(spent.headers.get('ratelimit-remaining')).toBe('0');
    expect((await ask({ query }, here.bob)).status, 'Bob has his own').toBe(200);
  });

  test('of requests without a session belongs to their address', async () => {
    const input = { email: 'unknown@example.com', password: 'wrong wrong wrong' };
    const query = `mutation ($input: SignInInput!) { ${Array.from({ length: 9 }, (_, n) => `a${n}: signIn(input: $input) { token }`).join(' ')} }`;
    const from = (address: string) =>
      ask({ query, variables: { input } }, { 'x-forwarded-for': address }).then(({ status }) => status);
    expect(await from('203.0.113.1')).toBe(401);
    expect(await from('203.0.113.1')).toBe(429);
    expect((await ask({ query: '{ __typename }' }, { 'x-forwarded-for': '203.0.113.2' })).status).toBe(200);
  });
});

describe('a person who is not signed in', () => {
  test('can sign in, regardless of other anonymous requests from their address (M1)', async () => {
    const { lea } = await world.people('Lea');
    const from = { 'x-forwarded-for': '203.0.113.30' };
    const tasks = Array.from({ length: 40 }, () => ({ title: 'Tea' }));
    const query =
      'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';
    expect((await ask({ query, variables: { tasks } }, from)).status).toBe(401);
    expect((await ask({ query, variables: { tasks } }, from)).status, 'their budget is used up').toBe(429);
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
    const variables = { input: { email: lea.email, password: PASSWORD } };
    expect((await ask({ query: signIn, variables }, from)).status).toBe(200);
  });
});

describe('requests', () => {
  const query = (n: number) => `{ viewer { id } } # ${n}`;

  test('are counted even if they are rejected before they cost points, by POST, GET and WebSocket (M6)', async () => {
    const counted = await startTestServer(world.databaseUrl, {
      RATE_LIMIT_REQUESTS: '100',
      RATE_LIMIT_POINTS: '0',
      TRUST_PROXY: '1',
    });
    onTestFinished(() => counted.stop());
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const post = (address: string, text: string) => ask({ query: text }, from(address), counted.url);

    const refused = [];
    for (let n = 0; n < 11; n += 1) refused.push((await post('203.0.113.40', `{ nothing${n} }`)).status);
    expect(refused.slice(0, 10), 'ten new documents count as a hundred').not.toContain(429);
    expect(refused[10]).toBe(429);
    const spent = await post('203.0.113.40', query(0));
    expect(spent.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
    expect(Number(spent.headers.get('retry-after'))).toBeGreaterThan(0);
    const got = await fetch(`${counted.url}/graphql?query=${encodeURIComponent('{ __typename }')}`, {
      headers: { ...from('203.0.113.40'), accept: 'application/json' },
    });
    expect(got.status).toBe(429);
    expect((await post('203.0.113.41', query(0))).status, 'another address').toBe(401);
    for (let n = 0; n < 80; n += 1) await post('203.0.113.41', query(0));
    expect((await post('203.0.113.41', query(0))).status, 'a known document counts as one').toBe(401);

    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
    const variables = { input: { email: ada.email, password: PASSWORD } };
    const signedInThere = await ask({ query: signIn, variables }, from('203.0.113.43'), counted.url);
    const here = signedInThere.data?.['signIn'] as { token: string };
    const socket = new WebSocket(counted.url.replace('http', 'ws') + '/graphql', 'graphql-transport-ws', {
      headers: from('203.0.113.42'),
    });
    onTestFinished(() => socket.close());
    const answers: { type: string; payload?: { extensions?: { code: string } }[] }[] = [];
    socket.on('message', (data: Buffer) => answers.push(JSON.parse(data.toString()) as never));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: as(here) }));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    for (let n = 0; n < 11; n += 1)
      socket.send(JSON.stringify({ type: 'subscribe', id: `n${n}`, payload: { query: `{ no${n} }` } }));
    await vi.waitFor(() => expect(answers).toHaveLength(12));
    const codes = answers.slice(1).map(({ payload }) => payload?.[0]?.extensions?.code);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(1);
  });
});

describe.skipIf(!process.env['TEST_REDIS_URL'])('a budget that several servers share', () => {
  const redisUrl = process.env['TEST_REDIS_URL'] ?? '';

  async function pair(url: string) {
    const environment = {
      RATE_LIMIT_POINTS: '500',
      REDIS_URL: url,
      PUBLIC_URL: strict.url,
      LOG_LEVEL: 'silent',
    };
    const ports = [await freePort(), await freePort()];
    const servers = await Promise.all(
      ports.map((port) => startTestServer(world.databaseUrl, { ...environment, PORT: String(port) })),
    );
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    return ports.map((port) => `http://127.0.0.1:${port}`);
  }

  const query = '{ rateLimit { remaining } tasks(first: 100) { nodes { id } } }';

  test('is in Redis, for all servers', async () => {
    const { ivy } = await world.people('Ivy');
    const headers = as(await signedIn(ivy.email));
    const [one = '', other = ''] = await pair(redisUrl);
    expect((await ask({ query }, headers, one)).data).toMatchObject({ rateLimit: { remaining: 398 } });
    expect((await ask({ query }, headers, other)).data).toMatchObject({ rateLimit: { remaining: 296 } });
  });

  test('is separate for each deployment, and Redis does not learn the viewer’s identity (REDIS-SHARED)', async () => {
    const { kim } = await world.people('Kim');
    const redis = new Redis(redisUrl);
    onTestFinished(() => {
      redis.disconnect();
    });
    const deployments = await Promise.all(
      ['first', 'second'].map(async (name) => {
        const secret = `${name} secret of ${randomUUID()}`;
        const environment = {
          REDIS_URL: redisUrl,
          AUTH_SECRET: secret,
          SIGN_IN_ATTEMPTS: '2',
          TRUST_PROXY: '1',
        };
        const server = await startTestServer(await freshDatabase(), environment);
        onTestFinished(() => server.stop());
        return { url: server.url, prefix: redisNamespace(secret).nameOf('') };
      }),
    );
    const [locked, other] = deployments as [(typeof deployments)[0], (typeof deployments)[0]];
    const query =
      'mutation ($email: String!) { signIn(input: { email: $email, password: "not the password" }) { token } }';
    const guess = ({ url }: { url: string }) =>
      ask({ query, variables: { email: kim.email } }, { 'x-forwarded-for': '198.51.100.7' }, url);
    for (let guesses = 0; guesses < 2; guesses += 1) expect((await guess(locked)).status).toBe(401);
    expect((await guess(locked)).status).toBe(429);
    expect((await guess(other)).status).toBe(401);

    const keys = await redis.keys('*');
    for (const { prefix } of deployments) {
      expect(keys.filter((key) => key.startsWith(prefix))).not.toEqual([]);
      expect(await redis.pubsub('NUMSUB', `${prefix}events`)).toEqual([`${prefix}events`, 1]);
    }
    const digest = createHash('sha256').update(kim.email).digest('base64url');
    for (const shown of [kim.email, digest, '198.51.100.7'])
      expect(keys.filter((key) => key.includes(shown))).toEqual([]);
  });

  test('is counted per server while Redis is unreachable, without delays', async () => {
    const { joe } = await world.people('Joe');
    const headers = as(await signedIn(joe.email));
    const [one = '', other = ''] = await pair('redis://127.0.0.1:1');
    const began = performance.now();
    expect((await ask({ query }, headers, one)).data).toMatchObject({ rateLimit: { remaining: 398 } });
    expect((await ask({ query }, headers, other)).data).toMatchObject({ rateLimit: { remaining: 398 } });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('guessing passwords', () => {
  const attempt = (email: string, password: string, address: string, headers = {}) =>
    ask(
      {
        query:
          'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }',
        variables: { email, password },
      },
      { 'x-forwarded-for': address, ...headers },
      guarded.url,
    );

  test('is limited after a few attempts, also concurrently, without locking out the owner', async () => {
    const { cy } = await world.people('Cy');
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, n) => attempt(cy.email, `guess number ${n}`, '198.51.100.66')),
    );
    const codes = guesses.map(({ errors }) => errors?.[0]?.extensions['code']);
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(3);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(9);
    const refused = await attempt(cy.email.toUpperCase(), PASSWORD, '198.51.100.66');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);

    expect((await attempt(cy.email, PASSWORD, '203.0.113.9')).status, 'from another address').toBe(200);
    expect((await attempt(bob.email, PASSWORD, '198.51.100.66')).status, 'another account').toBe(200);
  });

  test('from many addresses slows down, and the owner can still sign in everywhere (M7)', async () => {
    const { kai } = await world.people('Kai');
    const signedIn = await attempt(kai.email, PASSWORD, '203.0.113.20');
    const cookie = signedIn.headers
      .getSetCookie()
      .map((set) => set.split(';', 1)[0])
      .join('; ');
    const guesses = await Promise.all(
      Array.from({ length: 40 }, (_, n) => attempt(kai.email, `guess number ${n}`, `198.51.101.${n}`)),
    );
    // The account's limit, and the attempts that all networks have in a minute.
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(30 + 1);
    const refused = guesses.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(9);
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    const again = await attempt(kai.email, 'not this one', '198.51.101.99');
    expect(again.status, 'from the attacker’s network').toBe(429);
    expect((await attempt(kai.email, PASSWORD, '203.0.113.21')).status, 'a new program').toBe(200);
    await attempt(kai.email, 'a guess', '203.0.113.22');
    expect((await attempt(kai.email, 'another guess', '203.0.113.23')).status).toBe(429);
    expect((await attempt(kai.email, PASSWORD, '203.0.113.21', { cookie })).status).toBe(200);
    expect((await attempt(bob.email, PASSWORD, '203.0.113.21', { cookie })).status, 'another account').toBe(
      200,
    );
    const forged = { cookie: cookie.replace(/browser=[^.]+/, 'browser=AAAA') };
    expect((await attempt(kai.email, PASSWORD, '203.0.113.21', forged)).status).toBe(429);
  });

  test('a successful sign-in resets the count of failures', async () => {
    const { di } = await world.people('Di');
    for (let round = 0; round < 3; round += 1) {
      expect((await attempt(di.email, 'not this one', '203.0.113.10')).status).toBe(401);
      expect((await attempt(di.email, 'nor this one', '203.0.113.10')).status).toBe(401);
      expect((await attempt(di.email, PASSWORD, '203.0.113.10')).status).toBe(200);
    }
  });

  test('from many addresses of one IPv6 network counts as one network', async () => {
    const { ivy } = await world.people('Ivy');
    const addresses = ['2001:db8:0:7::1', '2001:db8::7:a:b:c:d', '2001:0DB8:0:7:ffff::', '2001:db8:0:7::2'];
    const statuses: number[] = [];
    for (const address of addresses) statuses.push((await attempt(ivy.email, 'wrong wrong', address)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await attempt(ivy.email, PASSWORD, '2001:db8:0:8::1')).status, 'another network').toBe(200);
  });

  test('from one IPv6 customer’s many networks is limited (M7)', async () => {
    const { jay } = await world.people('Jay');
    const guess = async (networks: readonly string[]) => {
      const all = await Promise.all(
        networks.map((network) => attempt(jay.email, 'wrong wrong', `${network}::1`)),
      );
      return all.filter(({ status }) => status === 401).length;
    };
    const fiftySix = Array.from({ length: 9 }, (_, n) => `2001:db8:1:10${n}`);
    expect(await guess(fiftySix), '/56').toBe(6);
    const fortyEight = Array.from({ length: 9 }, (_, n) => `2001:db8:1:${n + 2}00`);
    expect(await guess(fortyEight), '/48').toBe(3);
    expect((await attempt(jay.email, PASSWORD, '2001:db8:2::1')).status, 'from another network').toBe(200);
  });

  test('shows the number of failed attempts at the next sign-in (M7)', async () => {
    const { kim } = await world.people('Kim');
    const signIn = async () => {
      const input = { email: kim.email, password: PASSWORD };
      const document =
        'mutation ($input: SignInInput!) { signIn(input: $input) { failedSignIns viewer { id } } }';
      return world.query(document, { input });
    };
    for (let n = 0; n < 2; n += 1) await attempt(kim.email, 'wrong wrong', '198.51.100.70');
    expect(await signIn()).toMatchObject({ signIn: { failedSignIns: 2 } });
    expect(await signIn()).toMatchObject({ signIn: { failedSignIns: 0 } });
  });

  test('ignores X-Forwarded-For from untrusted clients', async () => {
    const { fay } = await world.people('Fay');
    for (let n = 0; n < 3; n += 1) await attempt(fay.email, 'wrong wrong', `10.0.0.${n}, 198.51.100.67`);
    expect((await attempt(fay.email, 'wrong wrong', '10.9.9.9, 198.51.100.67')).status).toBe(429);
  });

  test('is also limited at the library’s path', async () => {
    const { gus } = await world.people('Gus');
    const post = () =>
      fetch(`${guarded.url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': '198.51.100.68',
          origin: guarded.url,
        },
        body: JSON.stringify({ email: gus.email, password: 'wrong wrong' }),
      });
    for (let n = 0; n < 3; n += 1) expect((await post()).status).toBe(401);
    const refused = await post();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  test('one address cannot create a hundred accounts', async () => {
    const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
    const statuses: number[] = [];
    for (let n = 0; n < 62; n += 1) {
      const input = { name: 'Bot', email: `bot${n}@example.com`, password: PASSWORD };
      statuses.push(
        (await ask({ query, variables: { input } }, { 'x-forwarded-for': '198.51.100.69' }, guarded.url))
          .status,
      );
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(statuses.slice(60)).toEqual([429, 429]);
  });
});

test('no response can be stored by shared caches', async () => {
  for (const path of ['/', '/graphql', '/healthz', '/nowhere', '/api/auth/ok']) {
    const { headers } = await fetch(world.url + path);
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('x-frame-options'), path).toBe('DENY');
    expect(headers.get('access-control-allow-origin'), path).toBeNull();
    expect(headers.get('strict-transport-security'), path).toBeNull();
  }
  const secure = await startTestServer(world.databaseUrl, {
    PUBLIC_URL: 'https://tasks.example.com',
    PORT: '45871',
  });
  try {
    const { headers } = await fetch('http://127.0.0.1:45871/healthz');
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d+$/);
  } finally {
    await secure.stop();
  }
});
