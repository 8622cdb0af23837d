import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../kit/database.ts';
import { send as sendTo, signUp } from '../../ops/drills/workspace.ts';
import { routeTo } from '../kit/outage.ts';
import { startTestServer } from '../kit/server.ts';
import { startWorld, PASSWORD } from '../kit/world.ts';

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  errors: { message: string; path?: string[]; extensions: Record<string, unknown> }[];
}

const { url, db, people } = await startWorld({ LOG_LEVEL: 'silent' });
const { ada } = await people('Ada');
const asAda = { authorization: `Bearer ${ada.token}` };

/** Text that must never reach a caller: stacks, paths, SQL, and names of our dependencies. */
const INNARDS =
  /prisma|\bat .+\.[jt]s|\n +at |node_modules|\/server\/|\.ts\b|SELECT |postgres|misplaced|invocation/i;

async function send(init: RequestInit & { to?: string }): Promise<Answer> {
  const response = await fetch(`${url}${init.to ?? '/graphql'}`, { method: 'POST', ...init });
  const text = await response.text();
  const errors = text.startsWith('{') ? ((JSON.parse(text) as Partial<Answer>).errors ?? []) : [];
  return { status: response.status, headers: response.headers, text, errors };
}

function post(body: string | object, headers: Record<string, string> = {}): Promise<Answer> {
  return send({
    headers: { 'content-type': 'application/json', ...asAda, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function codes({ errors }: Answer) {
  return errors.map(({ extensions }) => extensions['code']);
}

/** The next request must always succeed. */
afterEach(async () => {
  await expect(ada.query('{ viewer { name } }')).resolves.toEqual({ viewer: { name: 'Ada' } });
});

describe('an operation that GraphQL rejects', () => {
  test('has the position of a syntax error', async () => {
    const answer = await post({ query: '{ viewer { name ' });
    expect(codes(answer)).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(answer.text).toContain('"locations"');
  });

  test('has a separate code for an unknown field, argument or type', async () => {
    for (const query of [
      '{ viewer { nam } }',
      '{ tasks(frist: 3) { totalCount } }',
      'query ($a: Nothing) { viewer { name } }',
      '{ viewer }',
      '{ tasks(first: "three") { totalCount } }',
      'fragment A on User { ...A } query { viewer { ...A } }',
    ]) {
      const answer = await post({ query });
      expect(new Set(codes(answer)), query).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
    }
  });

  const create = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }';

  test.each([
    ['a number for a title', create, { input: { title: 5 } }],
    ['no title', create, { input: {} }],
    ['null for a title', create, { input: { title: null } }],
    ['no input at all', create, {}],
    ['a list for an input', create, { input: ['a', 'b'] }],
    ['a field that no input has', create, { input: { title: 'Pay', owner: 'user_1' } }],
    ['a status that no task has', create, { input: { title: 'Pay', status: 'LATER' } }],
    ['an object for an id', 'query ($id: ID!) { task(id: $id) { id } }', { id: { eq: 1 } }],
    ['a fraction for a page size', 'query ($n: Int) { tasks(first: $n) { totalCount } }', { n: 1.5 }],
    ['a page size beyond 32 bits', 'query ($n: Int) { tasks(first: $n) { totalCount } }', { n: 2 ** 40 }],
  ])('%s is BAD_USER_INPUT', async (_what, query, variables) => {
    const answer = await post({ query, variables });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.text).not.toMatch(INNARDS);
  });

  test.each([
    ['an impossible day', '2026-02-30'],
    ['a day with a time', '2026-02-03T10:00:00Z'],
  ])('%s is VALIDATION_FAILED (YEAR-6)', async (_what, dueOn) => {
    const answer = await post({ query: create, variables: { input: { title: 'Pay', dueOn } } });
    expect(codes(answer)).toEqual(['VALIDATION_FAILED']);
    expect(answer.text).not.toMatch(INNARDS);
  });

  test('an operation that the document does not name, or does not choose, is BAD_USER_INPUT', async () => {
    const query = 'query A { viewer { id } } query B { viewer { name } }';
    expect(codes(await post({ query }))).toEqual(['BAD_USER_INPUT']);
    expect(codes(await post({ query, operationName: 'C' }))).toEqual(['BAD_USER_INPUT']);
  });

  test.each([
    ['selections', `{ ${'viewer { '.repeat(20_000)}id${' }'.repeat(20_000)} }`],
    ['unclosed selections', '{a'.repeat(20_000)],
    ['lists', `{ tasks(first: ${'['.repeat(20_000)}${']'.repeat(20_000)}) { totalCount } }`],
    ['objects', `{ tasks(filter: ${'{a:'.repeat(20_000)}1${'}'.repeat(20_000)}) { totalCount } }`],
    ['types', `query ($a: ${'['.repeat(20_000)}Int${']'.repeat(20_000)}) { viewer { id } }`],
    ['inline fragments', `{ ${'... { '.repeat(20_000)} viewer { id } ${' }'.repeat(20_000)} }`],
  ])('%s nested 20,000 deep are rejected quickly', async (_what, query) => {
    const began = performance.now();
    const answer = await post({ query });
    expect(codes(answer)).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(answer.status).toBeLessThan(500);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test.each([
    ['selections', (n: number) => `{ ${'viewer { '.repeat(n)}id${' }'.repeat(n)} }`],
    ['lists', (n: number) => `{ tasks(first: ${'['.repeat(n)}${']'.repeat(n)}) { totalCount } }`],
    ['fragments', (n: number) => `{ ${'... { '.repeat(n)} viewer { id } ${' }'.repeat(n)} }`],
    ['types', (n: number) => `query ($a: ${'['.repeat(n)}Int${']'.repeat(n)}) { viewer { id } }`],
  ])('%s nested as deep as the parser allows are a client error, never INTERNAL', async (_what, nest) => {
    for (const depth of [500, 900, 1_200, 1_600, 2_400]) {
      const answer = await post({ query: nest(depth) });
      for (const code of codes(answer)) expect(code, `depth ${depth}`).not.toBe('INTERNAL');
    }
  });

  test('variables nested 20,000 deep are BAD_USER_INPUT', async () => {
    const variables = `{ "input": ${'['.repeat(20_000)}${']'.repeat(20_000)} }`;
    const answer = await post(`{ "query": ${JSON.stringify(create)}, "variables": ${variables} }`);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('a request that is not a GraphQL request', () => {
  test.each([
    ['broken JSON', '{ "query": '],
    ['nothing', ''],
    ['a string', '"{ viewer { id } }"'],
    ['null', 'null'],
    ['a list of operations', '[{ "query": "{ viewer { id } }" }]'],
    ['no query', '{ "variables": {} }'],
    ['a query that is a number', '{ "query": 7 }'],
    ['variables that are a list', '{ "query": "{ viewer { id } }", "variables": [1] }'],
    ['an unknown parameter', '{ "query": "{ viewer { id } }", "token": "x" }'],
  ])('the body %s is BAD_USER_INPUT with HTTP 400', async (_what, body) => {
    const answer = await post(body);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toMatch(INNARDS);
    expect(answer.text).not.toContain('originalError');
  });

  test('a body of more than 1 MiB is rejected with HTTP 413', async () => {
    const answer = await post({ query: `{ viewer { id } } #${'x'.repeat(1024 * 1024)}` });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.status).toBe(413);
  });

  test('a body of just under 1 MiB is read', async () => {
    const answer = await post({ query: `{ viewer { id } } #${'x'.repeat(1024 * 1024 - 100)}` });
    expect(answer.status).toBe(200);
    expect(answer.errors).toEqual([]);
  });

  const attempt = 'mutation { createTask(input: { title: "Sneaked in" }) { task { id } } }';

  test.each([
    ['a form', 'application/x-www-form-urlencoded', new URLSearchParams({ query: attempt }).toString()],
    [
      'a form with files',
      'multipart/form-data; boundary=x',
      [
        '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n',
        JSON.stringify({ query: attempt }),
        '\r\n--x\r\ncontent-disposition: form-data; name="map"\r\n\r\n{}\r\n--x--\r\n',
      ].join(''),
    ],
    ['plain text', 'text/plain', JSON.stringify({ query: attempt })],
    ['a bare document', 'application/graphql', attempt],
    ['no type', '', JSON.stringify({ query: attempt })],
  ])('%s is rejected with HTTP 415 and changes nothing', async (_what, type, body) => {
    const answer = await send({
      headers: { 'content-type': type, ...asAda },
      body: new TextEncoder().encode(body),
    });
    expect(answer.status).toBe(415);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(await db.task.count({ where: { title: 'Sneaked in' } })).toBe(0);
  });

  test('a GET can read, but a mutation by GET is rejected with HTTP 405 and changes nothing', async () => {
    const ask = (query: string) =>
      send({ method: 'GET', to: `/graphql?${new URLSearchParams({ query }).toString()}`, headers: asAda });
    expect((await ask('{ viewer { name } }')).text).toBe('{"data":{"viewer":{"name":"Ada"}}}');
    const answer = await ask(attempt);
    expect(answer.status).toBe(405);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(await db.task.count({ where: { title: 'Sneaked in' } })).toBe(0);
  });

  test('a GET with invalid variables is BAD_USER_INPUT', async () => {
    const search = new URLSearchParams({ query: '{ viewer { id } }', variables: '{' }).toString();
    const answer = await send({ method: 'GET', to: `/graphql?${search}`, headers: asAda });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.status).toBe(400);
  });

  test('PUT, DELETE and PATCH are rejected with HTTP 405', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect((await send({ method, headers: asAda })).status).toBe(405);
    }
  });
});

describe('ids', () => {
  test('of another type, of no type, and with an invalid spelling are VALIDATION_FAILED, and name the field', async () => {
    const task = await ada.createTask('Water the plants');
    const find = 'query ($id: ID!) { task(id: $id) { id } }';
    for (const id of [
      ada.id,
      task.toUpperCase(),
      task.replace('task_', 'team_'),
      task.slice(0, -1),
      `${task}0`,
      'task_',
      '',
      '1',
      randomUUID(),
      "task_'; DROP TABLE tasks; --",
      'task_8zzzzzzzzzzzzzzzzzzzzzzzzz',
      '\0',
    ]) {
      await expect(ada.query(find, { id }), id).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'id' },
      });
    }
  });

  test('a very long id is rejected without being repeated', async () => {
    const answer = await post({ query: `{ node(id: "${'x'.repeat(10_000)}") { id } }` });
    expect(codes(answer)).toEqual(['VALIDATION_FAILED']);
    expect(answer.text.length).toBeLessThan(300);
  });

  const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Task { title } } }';

  test('100 ids are found at once, in their order; 101 are VALIDATION_FAILED', async () => {
    const tea = await ada.createTask('Buy tea');
    const ids = [ada.id, ...Array<string>(98).fill(tea), ada.id];
    const { nodes: found } = await ada.query<{ nodes: { id: string }[] }>(nodes, { ids });
    expect(found.map(({ id }) => id)).toEqual(ids);
    await expect(ada.query(nodes, { ids: [...ids, tea] })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'ids' },
    });
  });

  test('[BR-08] `node` and `nodes` answer the same for another person’s task as for an unknown id', async () => {
    const { bob } = await people('Bob');
    const hidden = await bob.createTask('A surprise for Ada');
    const gone = await bob.createTask('Gone');
    await bob.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: gone });
    await expect(ada.query(nodes, { ids: [hidden, gone, bob.id] })).resolves.toEqual({
      nodes: [null, null, null],
    });
    for (const id of [hidden, gone]) {
      await expect(ada.query('query ($id: ID!) { node(id: $id) { id } }', { id })).resolves.toEqual({
        node: null,
      });
    }
  });
});

describe('an unexpected error of the server', () => {
  test('is masked: the caller gets a request id, and nothing about the cause', async () => {
    await db.$executeRaw`ALTER TABLE tasks RENAME COLUMN title TO misplaced`;
    try {
      for (const query of [
        '{ tasks { nodes { title } } }',
        'mutation { createTask(input: { title: "Buy tea" }) { task { id } } }',
      ]) {
        const answer = await post({ query });
        expect(codes(answer)).toEqual(['INTERNAL']);
        expect(answer.status).toBe(500);
        expect(answer.errors[0]?.extensions['requestId']).toBe(answer.headers.get('x-request-id'));
        expect(answer.errors[0]?.message).toBe('Internal server error.');
        expect(Object.keys(answer.errors[0]?.extensions ?? {}).sort()).toEqual(['code', 'requestId']);
        expect(answer.text).not.toMatch(INNARDS);
      }
    } finally {
      await db.$executeRaw`ALTER TABLE tasks RENAME COLUMN misplaced TO title`;
    }
  });

  test('keeps the path of its field', async () => {
    await db.$executeRaw`ALTER TABLE tasks RENAME TO lost`;
    try {
      const answer = await post({ query: '{ viewer { name } numbers: dashboard { overdue } }' });
      expect(answer.errors).toMatchObject([{ path: ['numbers'], extensions: { code: 'INTERNAL' } }]);
    } finally {
      await db.$executeRaw`ALTER TABLE lost RENAME TO tasks`;
    }
  });

  test('has another request id each time', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await post({ query: '{ __typename }' })).headers.get('x-request-id')),
    );
    expect(new Set(ids).size).toBe(3);
  });
});

describe('an unavailable database', async () => {
  const route = await routeTo(await freshDatabase());
  const server = await startTestServer(route.url, { LOG_LEVEL: 'silent' });

  async function ask(query: string, headers: Record<string, string>) {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as {
      data?: { signUp?: { token: string }; signIn?: { token: string } };
      errors?: Answer['errors'];
    };
    return { status: response.status, headers: response.headers, data, errors: errors ?? [] };
  }

  const account = `email: "eve@example.com", password: "${PASSWORD}"`;

  test('[T064] is UNAVAILABLE with HTTP 503 and Retry-After, for each kind of credential, and recovers', async () => {
    const begun = await ask(`mutation { signUp(input: { name: "Eve", ${account} }) { token } }`, {});
    const token = { authorization: `Bearer ${begun.data?.signUp?.token ?? ''}` };
    const cookie = { cookie: begun.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    const fresh = await ask(`mutation { signIn(input: { ${account} }) { token } }`, {});
    const freshToken = { authorization: `Bearer ${fresh.data?.signIn?.token ?? ''}` };
    const freshCookie = { cookie: fresh.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    await expect(ask('{ viewer { name } }', token)).resolves.toMatchObject({ status: 200 });

    await route.cut();
    const requests: [string, string, Record<string, string>][] = [
      ['a list', '{ tasks { totalCount } }', token],
      ['a count', '{ dashboard { overdue } }', token],
      ['a change', 'mutation { createTask(input: { title: "Tea" }) { cursor } }', token],
      ['a cookie not seen before', '{ viewer { name } }', freshCookie],
      ['a token not seen before', '{ viewer { name } }', freshToken],
      ['signing in', `mutation { signIn(input: { ${account} }) { token } }`, {}],
      [
        'signing up',
        'mutation { signUp(input: { name: "Fay", email: "f@example.com", password: "12345678" }) { token } }',
        {},
      ],
    ];
    for (const [what, query, headers] of requests) {
      const answer = await ask(query, headers);
      expect(answer.errors, what).toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfter: 2 } }]);
      expect(answer.status, what).toBe(503);
      expect(answer.headers.get('retry-after'), what).toBe('2');
      expect(JSON.stringify(answer.errors), what).not.toMatch(INNARDS);
    }
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);

    await route.restore();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await expect(ask('{ viewer { name } }', cookie)).resolves.toMatchObject({ status: 200, errors: [] });
    await server.stop();
  });
});

describe('a database that stops responding', async () => {
  const route = await routeTo(await freshDatabase());
  const server = await startTestServer(route.url, { LOG_LEVEL: 'silent' });
  afterAll(() => server.stop());

  test('[T064] is detected on open connections, and reconnected', { timeout: 90_000 }, async () => {
    const user = await signUp(server.url);
    const read = () => sendTo(server.url, user.token, '{ viewer { name } tasks { totalCount } }');
    // The maximum number of connections, so that no request detects it by opening one.
    await Promise.all(Array.from({ length: 20 }, read));
    route.stall();
    const asked = read();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect(await (await asked).json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    await route.restore();
    await expect.poll(async () => (await read()).status, { timeout: 30_000 }).toBe(200);
  });
});
