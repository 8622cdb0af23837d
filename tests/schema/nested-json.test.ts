import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { isTooDeep } from '../../server/limits/json-depth.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { ada } = await world.people('Ada');

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const QUERY = '{ viewer { id } }';
const bodyOf = (depth: number) => `{"query":${JSON.stringify(QUERY)},"variables":{"x":${nested(depth)}}}`;

interface Answer {
  data?: unknown;
  errors?: { message: string; extensions: { code: string } }[];
}

test('brackets in strings do not count, with any escapes (L7)', () => {
  expect(isTooDeep(nested(50))).toBe(false);
  expect(isTooDeep(nested(51))).toBe(true);
  expect(isTooDeep(JSON.stringify({ x: '['.repeat(100), y: '\\"[['.repeat(100), z: '\\\\' }))).toBe(false);
  expect(isTooDeep(`{"x":"\\\\","y":${nested(50)}}`)).toBe(true);
  expect(isTooDeep(`"${'['.repeat(100)}`), 'an unterminated string').toBe(false);
});

test.each([
  ['as usual', { 'content-type': 'application/json' }],
  ['in a way that takes more reading', { 'content-type': 'application/json; charset=UTF-8; x=y' }],
])('JSON 51 levels deep, %s, gets an error with the limit (L7)', async (_way, type) => {
  const post = async (body: string) => {
    const headers = { ...type, authorization: `Bearer ${ada.token}` };
    const response = await fetch(`${world.url}/graphql`, { method: 'POST', headers, body });
    return { status: response.status, ...((await response.json()) as Answer) };
  };
  for (const depth of [49, 10_000]) {
    const { status, errors } = await post(bodyOf(depth));
    expect(status).toBe(400);
    expect(errors).toMatchObject([
      {
        message: 'The JSON of a request can be nested at most 50 levels deep.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  }
  expect(await post(bodyOf(48))).toMatchObject({ status: 200, data: { viewer: { id: ada.id } } });
});

test('the variables of a GET have the same limit (L7)', async () => {
  const search = new URLSearchParams({ query: QUERY, variables: `{"x":${nested(50)}}` });
  const response = await fetch(`${world.url}/graphql?${search.toString()}`, {
    headers: { accept: 'application/json', authorization: `Bearer ${ada.token}` },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});

test('a WebSocket that sends such a message is closed with 4400 (L7)', async () => {
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  onTestFinished(() => socket.close());
  await once(socket, 'open');
  socket.send(`{"type":"ping","payload":{"x":${nested(10_000)}}}`);
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  expect(code).toBe(4400);
  expect(reason.toString()).toBe('Messages can be nested at most 50 levels deep.');
});
