import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { talkOf } from '../../kit/assistant.ts';
import { freshDatabase } from '../../kit/database.ts';
import { calls, hangsAfter, says, startModelEndpoint } from '../../kit/model-endpoint.ts';
import { SECRET } from '../../kit/server.ts';
import { PASSWORD, type Person } from '../../kit/world.ts';

const endpoint = await startModelEndpoint();

async function startServer(databaseUrl: string) {
  const server = await startProcess({
    PORT: '0',
    LOG_LEVEL: 'error',
    AUTH_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
    AI_BASE_URL: endpoint.url,
    AI_MODEL: 'small',
  });
  onTestFinished(() => server.kill());
  return server;
}

test('a server that is killed in the middle of a reply loses none, and does nothing twice', async () => {
  const databaseUrl = await freshDatabase();
  let server = await startServer(databaseUrl);
  let token = '';
  const query = async <Data>(document: string, variables: object = {}) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query: document, variables }),
    });
    return ((await response.json()) as { data: Data }).data;
  };
  const { signUp } = await query<{ signUp: { token: string } }>(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input: { name: 'Ada', email: 'ada@example.com', password: PASSWORD } },
  );
  ({ token } = signUp);
  const talk = await talkOf({ query } as Person);

  endpoint.answerWith(calls('create_tasks', { tasks: [{ title: 'Buy milk' }] }), hangsAfter('I have'));
  const asked = await talk.send('I need milk');
  await expect.poll(async () => (await talk.replyTo(asked)).content, { timeout: 20_000 }).toBe('I have');
  const waiting = await talk.send('/list');
  await server.kill();

  endpoint.answerWith(says('It is on your list.'));
  server = await startServer(databaseUrl);
  const { signIn } = await query<{ signIn: { token: string } }>(
    'mutation ($input: SignInInput!) { signIn(input: $input) { token } }',
    { input: { email: 'ada@example.com', password: PASSWORD } },
  );
  ({ token } = signIn);
  await talk.replyIn(waiting, ['DONE'], 40_000);
  const messages = await talk.messages();
  expect(messages.slice(0, 3)).toEqual(['USER I need milk', 'USER /list', 'ASSISTANT It is on your list.']);
  expect(messages).toHaveLength(4);
  expect(messages[3]).toContain('1. [Buy milk]');
  expect(messages[3]).not.toContain('2.');
}, 120_000);
