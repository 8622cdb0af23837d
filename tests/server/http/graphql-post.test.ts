import { once } from 'node:events';
import { connect } from 'node:net';
import { serverAudits } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { PASSWORD, startWorld } from '../../kit/world.ts';

const { url, people } = await startWorld();
const { ada } = await people('Ada');

/** Sends the operation by the fast path, and with a parameter that forces Yoga. */
async function bothWays(body: string, headers: Record<string, string> = {}) {
  const answers = [];
  for (const path of ['/graphql', '/graphql?']) {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ada.token}`, ...headers },
      body,
    });
    const { headers: answered } = response;
    answers.push({
      status: response.status,
      type: answered.get('content-type'),
      retryAfter: answered.get('retry-after'),
      body: (await response.text()).replaceAll(/"requestId":"[^"]+"/g, '"requestId":"…"'),
    });
  }
  return answers;
}

test('the server passes all audits of GraphQL over HTTP', async () => {
  const audits = serverAudits({ url: `${url}/graphql`, fetchFn: fetch });
  const results = await Promise.all(audits.map((audit) => audit.fn()));
  expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(results.length).toBeGreaterThan(60);
});

describe('both paths give the same response', () => {
  test.each([
    ['that works', '{"query":"{ viewer { name } }"}'],
    [
      'with variables and a name',
      '{"query":"query A($id: ID!) { node(id: $id) { id } } query B { viewer { id } }","operationName":"B","variables":{}}',
    ],
    ['that refuses', '{"query":"{ task(id: \\"task_00000000000000000000000000\\") { id } }"}'],
    [
      'with a variable of the wrong type',
      '{"query":"query ($n: Int) { tasks(first: $n) { totalCount } }","variables":{"n":"many"}}',
    ],
    ['with a field that is none', '{"query":"{ nothing }"}'],
    ['that cannot be parsed', '{"query":"{"}'],
    ['without its name', '{"query":"query A { __typename } query B { __typename }"}'],
    ['with invalid JSON', '{"query":'],
    ['with a list as body', '[{"query":"{ __typename }"}]'],
    ['with a parameter that is none', '{"query":"{ __typename }","more":1}'],
    ['with variables that are a list', '{"query":"{ __typename }","variables":[]}'],
  ])('%s', async (_, body) => {
    const [plain, byYoga] = await bothWays(body);
    expect(plain).toEqual(byYoga);
  });

  test.each([
    '*/*',
    'application/json',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json',
    'text/event-stream, application/json',
    'application/json;q=0.5',
    'text/html',
  ])('to a client that accepts %s', async (accept) => {
    const [plain, byYoga] = await bothWays('{"query":"{ viewer { name } }"}', { accept });
    expect(plain).toEqual(byYoga);
  });

  test('without a credential', async () => {
    const [plain, byYoga] = await bothWays('{"query":"{ viewer { name } }"}', {
      authorization: 'Bearer none',
    });
    expect(plain).toEqual(byYoga);
    expect(plain).toMatchObject({ status: 401 });
  });
});

test('a renewed session cookie is in the response', async () => {
  const query = `mutation { signIn(input: { email: "${ada.email}", password: "${PASSWORD}" }) { viewer { id } } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  expect(response.headers.getSetCookie().join()).toContain('taskwire.session_token=');
});

test('long responses of queries are compressed for clients that accept it', async () => {
  const { ada } = await people('Ada');
  const description = `${'Water the plants. '.repeat(500)}All.`;
  const id = await ada.createTask('Water the plants', { description });
  const length = async (query: string, encodings: string) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ada.token}`,
        'content-type': 'application/json',
        'accept-encoding': encodings,
      },
      body: JSON.stringify({ query, variables: { id } }),
    });
    expect(response.headers.get('vary')).toContain('Accept-Encoding');
    expect(JSON.stringify(await response.json())).toContain(description);
    return [response.headers.get('content-encoding'), Number(response.headers.get('content-length'))];
  };
  const query = 'query ($id: ID!) { task(id: $id) { description } }';
  const change = 'mutation ($id: ID!) { completeTask(input: { id: $id }) { task { description } } }';
  expect(await length(query, 'identity')).toEqual([null, expect.any(Number)]);
  const [encoding, bytes] = await length(query, 'gzip, deflate, br');
  expect(encoding).toBe('gzip');
  expect(bytes).toBeLessThan(1_000);
  expect(await length(change, 'gzip'), 'which can contain a secret').toEqual([null, expect.any(Number)]);
});

test('a disconnect during an operation does not affect others', async () => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":',
  );
  socket.destroy();
  await once(socket, 'close');
  expect(await ada.query('{ viewer { name } }')).toEqual({ viewer: { name: 'Ada' } });
});

/** Milliseconds of CPU of this thread for one request, the median of nine. */
async function workOf(body: object): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    const before = process.threadCpuUsage();
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ada.token}` },
      body: JSON.stringify(body),
    });
    await answer.text();
    const { user, system } = process.threadCpuUsage(before);
    took.push((user + system) / 1000);
  }
  return took.toSorted((a, b) => a - b)[4] ?? 0;
}

test('[BR-19] rejecting a long body costs hardly more than a response', async () => {
  const query = 'query Known { viewer { id } }';
  const long = 'x'.repeat(900_000);
  const answered = await workOf({ query, variables: { long } });
  const refused = await workOf({ query, operationName: long });
  expect(refused).toBeLessThan(3 * answered + 10);
});
