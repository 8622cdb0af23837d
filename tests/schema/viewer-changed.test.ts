import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial } from '../kit/live.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';

const { url, people } = await startWorld();

const CREATE = 'mutation ($title: String!) { createTask(input: { title: $title }) { task { id } } }';
const TITLES = '{ tasks(first: 10) { nodes { title } } }';

/** The cookie of this person's browser. */
async function cookieOf({ email }: Person): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }',
      variables: { input: { email, password: PASSWORD } },
    }),
  });
  return response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
}

interface Answer {
  data?: unknown;
  errors?: { extensions: { code: string } }[];
}

/** Sends an operation with the cookie of one person from a page that shows another. */
async function send(
  cookie: string,
  shown: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: Answer; text: string }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie, 'taskwire-viewer': shown, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text.startsWith('{') ? (JSON.parse(text) as Answer) : {};
  return { status: response.status, answer, text };
}

describe('[BR-20] a page that shows Ada, in a browser where Bob has signed in (TWO-TABS)', () => {
  test('adds no task to Bob’s account, and gets VIEWER_CHANGED', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const cookie = await cookieOf(bob);

    const refused = await send(cookie, ada.id, { query: CREATE, variables: { title: 'For Ada' } });
    expect(refused.status).toBe(409);
    expect(refused.answer.errors?.[0]?.extensions.code).toBe('VIEWER_CHANGED');
    expect(await bob.query(TITLES)).toEqual({ tasks: { nodes: [] } });

    const accepted = await send(cookie, bob.id, { query: CREATE, variables: { title: 'For Bob' } });
    expect(accepted.status).toBe(200);
    expect(await bob.query(TITLES)).toEqual({ tasks: { nodes: [{ title: 'For Bob' }] } });
  });

  test('reads nothing of Bob, for any value of the header', async () => {
    const { bob } = await people('Bob');
    const cookie = await cookieOf(bob);
    for (const shown of ['user_01jdzzzzzzzzzzzzzzzzzzzzzz', 'nonsense', `${bob.id}, ${bob.id}`]) {
      const { answer } = await send(cookie, shown, { query: '{ viewer { name } }' });
      expect(answer.errors?.[0]?.extensions.code, shown).toBe('VIEWER_CHANGED');
      expect(answer.data ?? null).toBeNull();
    }
  });

  test('can still sign in, which ignores the header', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const { status, answer } = await send(await cookieOf(bob), ada.id, {
      query: 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { name } } }',
      variables: { input: { email: ada.email, password: PASSWORD } },
    });
    expect({ status, answer }).toEqual({
      status: 200,
      answer: { data: { signIn: { viewer: { name: 'Ada' } } } },
    });
  });

  test('gets no events of Bob by server-sent events', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const { text } = await send(
      await cookieOf(bob),
      ada.id,
      { query: 'subscription { events { cursor } }' },
      { accept: 'text/event-stream' },
    );
    expect(text).toContain('VIEWER_CHANGED');
  });

  test('gets no events of Bob by WebSocket', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const wire = await dial(url, { headers: { cookie: await cookieOf(bob), origin: url } });
    wire.send({ type: 'connection_init', payload: { 'taskwire-viewer': ada.id } });
    await wire.frame(({ type }) => type === 'connection_ack');
    wire.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { events { cursor } }' } });
    const { payload } = await wire.frame(({ type }) => type === 'next');
    expect(payload).toMatchObject({ errors: [{ extensions: { code: 'VIEWER_CHANGED' } }] });
    expect(wire.socket.readyState).toBe(WebSocket.OPEN);
  });
});
