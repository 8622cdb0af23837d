import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { ada } = await world.people('Ada');
const task = await ada.createTask('Water the plants');
const me = { authorization: `Bearer ${ada.token}` };
const json = { 'content-type': 'application/json' };

const { port } = new URL(world.url);

const UNREAD = 1_000;

/** Sends a character every half second until the server closes. @returns its response, and the seconds. */
async function drip(first: string): Promise<{ text: string; took: number }> {
  const began = performance.now();
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined).write(first);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const dripping = setInterval(() => socket.write('x'), 500);
  const wasReset = await closed(socket);
  clearInterval(dripping);
  // A character in transit when the server closes discards its response.
  return wasReset ? drip(first) : { text, took: (performance.now() - began) / 1000 };
}

/** @returns whether it closed with an error; `once` would throw that. */
function closed(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** Requests more than the system's buffers hold, and reads nothing for a while. @returns the number of answers. */
async function ignore(seconds: number): Promise<number> {
  const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1').pause();
  socket
    .on('error', () => undefined)
    .write('GET /schema.graphql HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(UNREAD));
  await sleep(seconds * 1000);
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk)).resume();
  await closed(socket);
  return text.split('HTTP/1.1 200 OK').length - 1;
}

/** They take half a minute, so they start first. */
const slowly = {
  reading: ignore(63),
  headers: drip('POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-slow: '),
  body: drip(
    'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{',
  ),
};

/** No internals of the server may show. */
const INNARDS = /prisma|postgres|SELECT |node_modules|\/server\/|at \w+ \(|stack|violates|syntax error at/i;

interface Attack {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** An operation of a signed-in person. */
const query = (document: string, variables: object = {}): Attack => ({
  headers: { ...json, ...me },
  body: JSON.stringify({ query: document, variables }),
});
const raw = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Attack => ({
  headers: { ...json, ...me, ...headers },
  body,
});
const get = (search: Record<string, string>, headers: Record<string, string> = me): Attack => ({
  method: 'GET',
  path: `/graphql?${new URLSearchParams(search).toString()}`,
  headers,
});
const with_ = (authorization: string): Attack => ({
  headers: { ...json, authorization },
  body: '{"query":"{ viewer { id } }"}',
});

const nest = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const CREATE = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id title } } }';
const FIND = 'query ($filter: TaskFilter) { tasks(filter: $filter) { nodes { id } } }';
const CHANGE = 'mutation { createTask(input: { title: "Sneaked in" }) { cursor } }';
const unsigned = (header: object, payload: object) =>
  [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const [head = '', body = '', signature = ''] = ada.token.split('.');

/** What is sent, and the error code; null if no error is correct. */
const attacks: Record<string, Record<string, [Attack, string | null]>> = {
  documents: {
    'brackets 20,000 deep': [query(nest('{ a ', '}', 20_000)), 'GRAPHQL_PARSE_FAILED'],
    'a list value 20,000 deep': [
      query(`{ node(id: ${nest('[', ']', 20_000)}) { id } }`),
      'GRAPHQL_PARSE_FAILED',
    ],
    'objects 5,000 deep': [
      query(`{ tasks(filter: ${nest('{ not: ', '}', 5_000)}) { totalCount } }`),
      'GRAPHQL_PARSE_FAILED',
    ],
    'a document of 100,000 tokens': [query(`{ ${'id '.repeat(100_000)} }`), 'GRAPHQL_PARSE_FAILED'],
    '1,000 aliases of one field': [
      query(`{ ${names(1_000, (n) => `a${n}: viewer { id }`)} }`),
      'GRAPHQL_PARSE_FAILED',
    ],
    '500 directives on one field': [
      query(`{ viewer ${'@include(if: true) '.repeat(500)} { id } }`),
      'GRAPHQL_PARSE_FAILED',
    ],
    'an unknown directive': [query('{ viewer @sudo { id } }'), 'GRAPHQL_VALIDATION_FAILED'],
    'a fragment that contains itself': [
      query('{ viewer { ...A } } fragment A on User { ...B } fragment B on User { ...A }'),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'fragments that double 30 times': [
      query(
        `{ task(id: "${task}") { ...F0 } } ${names(30, (n) => `fragment F${n} on Task { parent { ...F${n + 1} ...F${n + 1} } }`)} fragment F30 on Task { id }`,
      ),
      'QUERY_TOO_COMPLEX',
    ],
    'fields that conflict, 50 times': [
      query(`{ viewer { ${names(50, (n) => `x: ${n % 2 ? 'name' : 'email'}`)} } }`),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'pages within pages within pages': [
      query(
        '{ tasks(first: 100) { nodes { subtasks(first: 100) { nodes { comments(first: 100) { nodes { id } } } } } } }',
      ),
      'QUERY_TOO_COMPLEX',
    ],
    'recursive introspection': [
      query(
        `{ __schema { types { ${nest('fields { type { ', '} }', 8).replace('type { }', 'type { name }')} } } }`,
      ),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'two operations without a choice': [
      query('query A { viewer { id } } query B { viewer { id } }'),
      'BAD_USER_INPUT',
    ],
    'an unknown operation name': [
      raw('{"query":"query A { viewer { id } }","operationName":"B"}'),
      'BAD_USER_INPUT',
    ],
    'an operation name of 100,000 characters': [
      raw(`{"query":"{ viewer { id } }","operationName":"${'x'.repeat(100_000)}"}`),
      'BAD_USER_INPUT',
    ],
    'a subscription by plain POST': [query('subscription { nothing }'), 'GRAPHQL_VALIDATION_FAILED'],
    'a NUL in a document': [query('{ viewer { id \0 } }'), 'GRAPHQL_PARSE_FAILED'],
    'an empty document': [query(''), 'GRAPHQL_PARSE_FAILED'],
    'a comment of a megabyte but a little': [query(`{ viewer { id } } #${'x'.repeat(1_000_000)}`), null],
    'thousands of unknown fields': [
      query(`{ viewer { ${names(1_900, (n) => `f${n}`)} } }`),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'a schema in place of an operation': [query('type Query { a: Int }'), 'BAD_USER_INPUT'],
  },
  bodies: {
    'broken JSON': [raw('{"query":'), 'BAD_USER_INPUT'],
    'no body': [raw(''), 'BAD_USER_INPUT'],
    'a batch of operations': [
      raw('[{"query":"{ viewer { id } }"},{"query":"{ viewer { id } }"}]'),
      'BAD_USER_INPUT',
    ],
    'a batch of ten thousand': [
      raw(`[${Array(10_000).fill('{"query":"{ viewer { id } }"}').join()}]`),
      'BAD_USER_INPUT',
    ],
    'arrays 100,000 deep': [raw(nest('[', ']', 100_000)), 'BAD_USER_INPUT'],
    'variables 10,000 deep': [
      raw(`{"query":${JSON.stringify(CREATE)},"variables":{"input":${nest('[', ']', 10_000)}}}`),
      'BAD_USER_INPUT',
    ],
    'two megabytes': [raw(`{"query":"{ viewer { id } }","x":"${'x'.repeat(2_000_000)}"}`), 'BAD_USER_INPUT'],
    'invalid UTF-8': [raw(new Uint8Array([0x7b, 0xff, 0xfe, 0x00, 0x7d])), 'BAD_USER_INPUT'],
    'prototype pollution': [
      raw('{"query":"{ viewer { name } }","variables":{"__proto__":{"isAdmin":true},"constructor":{}}}'),
      null,
    ],
    'a query that is an object': [raw('{"query":{"toString":"x"}}'), 'BAD_USER_INPUT'],
    'variables that are a text': [raw('{"query":"{ viewer { id } }","variables":"{}"}'), 'BAD_USER_INPUT'],
    'a body with a wrong Content-Encoding': [
      raw('{"query":"{ viewer { id } }"}', { 'content-encoding': 'gzip' }),
      'BAD_USER_INPUT',
    ],
    'an invalid value for the cost extension': [
      raw('{"query":"{ viewer { name } }","extensions":{"cost":{"$gt":0}}}'),
      null,
    ],
  },
  'requests from foreign pages': {
    'a form': [
      raw(new URLSearchParams({ query: CHANGE }).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
      }),
      'BAD_USER_INPUT',
    ],
    'plain text': [
      raw(JSON.stringify({ query: CHANGE }), { 'content-type': 'text/plain' }),
      'BAD_USER_INPUT',
    ],
    'a form with files': [
      raw('--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }),
      'BAD_USER_INPUT',
    ],
    'a change by GET': [get({ query: CHANGE }), 'BAD_USER_INPUT'],
    'a GET with broken variables': [get({ query: '{ viewer { id } }', variables: '{' }), 'BAD_USER_INPUT'],
    'a GET with a script for a query': [get({ query: '<script>alert(1)</script>' }), 'GRAPHQL_PARSE_FAILED'],
    'a PUT': [{ ...query('{ viewer { id } }'), method: 'PUT' }, 'BAD_USER_INPUT'],
  },
  tokens: {
    'no token at all': [{ headers: json, body: '{"query":"{ viewer { id } }"}' }, 'UNAUTHENTICATED'],
    'an unsigned token (alg none)': [
      with_(`Bearer ${unsigned({ alg: 'none' }, { sub: ada.id })}.`),
      'UNAUTHENTICATED',
    ],
    'a signature of other content': [
      with_(`Bearer ${head}.${unsigned({ sub: ada.id }, {}).split('.')[0]}.${signature}`),
      'UNAUTHENTICATED',
    ],
    'a signature cut short': [with_(`Bearer ${head}.${body}.${signature.slice(0, -4)}`), 'UNAUTHENTICATED'],
    'an HMAC key': [
      with_(`Bearer ${unsigned({ alg: 'HS256', kid: 'x' }, { sub: ada.id })}.${signature}`),
      'UNAUTHENTICATED',
    ],
    'a key id that points elsewhere': [
      with_(`Bearer ${unsigned({ alg: 'EdDSA', kid: '../../etc/passwd' }, {})}.${signature}`),
      'UNAUTHENTICATED',
    ],
    'another scheme': [with_('Basic YWRhOmFkYQ=='), 'UNAUTHENTICATED'],
    'a token without a scheme': [with_(ada.token), 'UNAUTHENTICATED'],
    'ten thousand letters': [with_(`Bearer ${'x'.repeat(10_000)}`), 'UNAUTHENTICATED'],
    'SQL as a token': [with_(`Bearer '-- OR 1=1`), 'UNAUTHENTICATED'],
    'an API token that was never made': [with_(`Bearer tw_${'a'.repeat(43)}`), 'UNAUTHENTICATED'],
    'a made-up cookie': [
      {
        headers: { ...json, cookie: 'taskwire.session_token=abc.def' },
        body: '{"query":"{ viewer { id } }"}',
      },
      'UNAUTHENTICATED',
    ],
  },
  values: {
    'a NUL in a title': [query(CREATE, { input: { title: 'a\0b' } }), 'VALIDATION_FAILED'],
    'half of a surrogate pair in a title': [
      query(CREATE, { input: { title: 'a\ud800b' } }),
      'VALIDATION_FAILED',
    ],
    'SQL in a title': [query(CREATE, { input: { title: `'); DROP TABLE tasks; --` } }), null],
    'a script in a title': [query(CREATE, { input: { title: '<img src=x onerror=alert(1)>' } }), null],
    'a title of a hundred thousand characters': [
      query(CREATE, { input: { title: 'x'.repeat(100_000) } }),
      'VALIDATION_FAILED',
    ],
    'a title of nothing but blanks': [query(CREATE, { input: { title: ' \u2003\t ' } }), 'VALIDATION_FAILED'],
    'a title that is a number': [query(CREATE, { input: { title: 7 } }), 'BAD_USER_INPUT'],
    'an invalid day': [query(CREATE, { input: { title: 'x', dueOn: '2027-02-31' } }), 'VALIDATION_FAILED'],
    'a day in the year 300,000': [
      query(CREATE, { input: { title: 'x', dueOn: '300000-01-01' } }),
      'VALIDATION_FAILED',
    ],
    'a chosen owner': [query(CREATE, { input: { title: 'x', ownerId: ada.id } }), 'BAD_USER_INPUT'],
    'ten thousand labels': [
      query(CREATE, { input: { title: 'x', labels: names(10_000, (n) => `label${n}`).split(' ') } }),
      'VALIDATION_FAILED',
    ],
    'SQL as an id': [
      query('query ($id: ID!) { task(id: $id) { id } }', { id: `${task}' OR '1'='1` }),
      'VALIDATION_FAILED',
    ],
    'a NUL as an id': [query('query ($id: ID!) { task(id: $id) { id } }', { id: '\0' }), 'VALIDATION_FAILED'],
    'an id of another type': [
      query('query ($id: ID!) { task(id: $id) { id } }', { id: ada.id }),
      'VALIDATION_FAILED',
    ],
    'wildcards in a filter': [query(FIND, { filter: { title: { contains: '%_\\%' } } }), null],
    'a filter 20 deep': [query(FIND, { filter: deep(20) }), 'VALIDATION_FAILED'],
    'a filter 60 deep': [query(FIND, { filter: deep(60) }), 'BAD_USER_INPUT'],
    'a filter with ten thousand parts': [
      query(FIND, { filter: { or: Array(10_000).fill({}) } }),
      'VALIDATION_FAILED',
    ],
    'a page of a million': [query('{ tasks(first: 1000000) { nodes { id } } }'), 'VALIDATION_FAILED'],
    'a page of less than nothing': [query('{ tasks(first: -1) { nodes { id } } }'), 'VALIDATION_FAILED'],
    'a page size of more than 32 bits': [
      query('{ tasks(first: 99999999999) { nodes { id } } }'),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'a made-up cursor': [query('{ tasks(after: "JyBPUiAxPTE=") { nodes { id } } }'), 'VALIDATION_FAILED'],
    'a word to look for that is an operator': [query(`{ search(query: "'& | ! <-> :*") { rank } }`), null],
  },
};

function names(count: number, write: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => write(n)).join(' ');
}

function deep(levels: number): object {
  return levels === 0 ? {} : { not: deep(levels - 1) };
}

async function send({ method = 'POST', path = '/graphql', headers = {}, body }: Attack) {
  const response = await fetch(world.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const errors = text.startsWith('{')
    ? ((JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] }).errors ?? [])
    : null;
  return { status: response.status, text, codes: errors?.map(({ extensions }) => extensions?.code) };
}

describe.each(Object.entries(attacks))('hostile %s', (_kind, ofKind) => {
  test.each(Object.entries(ofKind))('%s', async (_what, [attack, code]) => {
    const { status, text, codes } = await send(attack);
    expect(status, text.slice(0, 300)).toBeLessThan(500);
    expect(codes?.[0], text.slice(0, 300)).toBe(code ?? undefined);
    if (code) expect(text).not.toMatch(INNARDS);

    const began = performance.now();
    expect(await ada.query('{ viewer { name } }')).toEqual({ viewer: { name: 'Ada' } });
    expect(performance.now() - began, 'the next request').toBeLessThan(1000);
  });
});

test('there are more than sixty attacks, and none of them changes anything', async () => {
  const all = Object.values(attacks).flatMap((ofKind) => Object.keys(ofKind));
  expect(all.length).toBeGreaterThanOrEqual(60);
  expect(await world.db.task.count({ where: { title: 'Sneaked in' } })).toBe(0);
  expect(await world.db.task.count({ where: { id: { not: undefined } } })).toBeGreaterThan(0);
});

describe('slow clients', () => {
  test('are disconnected before they have sent their headers', async () => {
    const { text, took } = await slowly.headers;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(took).toBeLessThan(15);
  });

  test('are disconnected before they have sent their body', async () => {
    expect((await slowly.body).took).toBeLessThan(35);
  });

  test('are disconnected if they do not read their responses', async () => {
    const answers = await slowly.reading;
    expect(answers).toBeGreaterThan(0);
    expect(answers).toBeLessThan(UNREAD);
  });

  test('headers of a megabyte are rejected', async () => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET /graphql HTTP/1.1\r\nhost: localhost\r\nx-long: ${'x'.repeat(1_000_000)}\r\n\r\n`);
    const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });
});

describe('the auth library’s paths', () => {
  const path = `${world.url}/api/auth/sign-in/email`;

  test('reject oversized bodies, with and without Content-Length', async () => {
    const body = `{"email":"${'x'.repeat(2_000_000)}"}`;
    for (const sent of [body, new Blob([body]).stream()]) {
      const given = { method: 'POST', headers: json, body: sent, duplex: 'half' } as RequestInit;
      const { status } = await fetch(path, given);
      expect(status).toBe(413);
    }
  });

  test.each([
    ['TRACE', 'host: localhost', 405],
    ['DELETE', 'host: localhost', 405],
    ['GET', 'host: [', 421],
    ['GET', 'host: localhost\r\nx-forwarded-proto: \\\\', 405],
  ])('%s with "%s" does not cause a server error', async (method, headers, status) => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1').setEncoding('utf8');
    socket.write(`${method} /api/auth/sign-in/email HTTP/1.1\r\n${headers}\r\nconnection: close\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [string];
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    socket.destroy();
  });
});

describe('clients that request a WebSocket at another path', () => {
  const { port } = new URL(world.url);
  const UPGRADE = [
    'GET /nothing HTTP/1.1',
    'host: localhost',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  ].join('\r\n');

  async function ask() {
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(`${UPGRADE}\r\n\r\n`);
    return socket;
  }

  test('and disconnect at once do not affect others', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, ask));
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await ada.query('{ viewer { name } }')).toEqual({ viewer: { name: 'Ada' } });
  });

  test('are disconnected', async () => {
    const socket = await ask();
    const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    // If the other side is gone, writing fails.
    const going = setInterval(() => socket.write('x'), 100);
    await new Promise((gone) => socket.once('close', gone));
    clearInterval(going);
  });
});
