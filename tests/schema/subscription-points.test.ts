import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startTestServer } from '../kit/server.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const world = await startWorld();
/** More than the cost of signing in, a new task and ten payloads. */
const strict = await startTestServer(world.databaseUrl, { RATE_LIMIT_POINTS: '60' });
afterAll(() => strict.stop());

async function ask(
  headers: Record<string, string>,
  query: string,
  variables: object = {},
): Promise<Response> {
  return fetch(`${strict.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
}

/** Signs a person in at the strict server. */
async function signedIn(email: string): Promise<Record<string, string>> {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const answer = await ask({}, query, { input: { email, password: PASSWORD } });
  const { data } = (await answer.json()) as { data: { signIn: { token: string } } };
  return { authorization: `Bearer ${data.signIn.token}` };
}

interface Payload {
  data?: unknown;
  errors?: { extensions: { code: string; retryAfter?: number } }[];
}

/** All payloads of a stream, until it ends or the reader stops. */
async function* payloads(response: Response): AsyncGenerator<Payload, undefined> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^event: ?next\ndata: ?(.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data) yield JSON.parse(data) as never;
    }
  }
}

test('personal payloads cost points, and RATE_LIMITED has the time to retry (H5)', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('Water the plants');
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const headers = await signedIn(ada.email);
  const query =
    'subscription ($id: ID!) { task(id: $id) { task { title viewerCan { edit share delete } owner { email } } } }';
  const stream = await ask({ ...headers, accept: 'text/event-stream' }, query, { id });
  const told = payloads(stream);
  await told.next();
  let last: Payload | undefined;
  for (let n = 0; n < 40 && !last?.errors; n += 1) {
    await ada.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }', {
      input: { id, title: `Water the plants ${n}` },
    });
    last = (await told.next()).value;
  }
  expect(last?.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  expect(last?.errors?.[0]?.extensions.retryAfter).toBeGreaterThan(0);
  expect((await told.next()).done, 'it has ended').toBe(true);
});
