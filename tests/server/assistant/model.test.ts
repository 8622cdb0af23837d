import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { talkOf, type Talk } from '../../kit/assistant.ts';
import {
  calls,
  chunk,
  fails,
  hangsAfter,
  pauses,
  says,
  startModelEndpoint,
  type Answer,
} from '../../kit/model-endpoint.ts';
import { startWorld } from '../../kit/world.ts';

const endpoint = await startModelEndpoint();
const { people, db } = await startWorld({
  AI_BASE_URL: endpoint.url,
  AI_API_KEY: 'sk-secret',
  AI_MODEL: 'small',
  AI_SILENCE_SECONDS: '1',
  AI_TOKENS_PER_DAY: '20000',
});

async function ada(): Promise<Talk> {
  return talkOf((await people('Ada')).ada);
}

/** The reply to a message that fails. */
async function failure(talk: Talk, content: string) {
  const asked = await talk.send(content);
  const reply = await talk.replyIn(asked, ['FAILED', 'DONE'], 20_000);
  expect(reply.state).toBe('FAILED');
  return { asked, ...reply };
}

test('a message gets a reply, which is saved once', async () => {
  const talk = await ada();
  endpoint.answerWith(says('It is ', '**Monday**', '.'));
  const { content } = await talk.say('Which day is it?');
  expect(content).toBe('It is **Monday**.');
  expect(await talk.messages()).toEqual(['USER Which day is it?', 'ASSISTANT It is **Monday**.']);
  const [{ authorization, body }] = endpoint.requests as [(typeof endpoint.requests)[0]];
  expect(authorization).toBe('Bearer sk-secret');
  expect(body).toMatchObject({ model: 'small', stream: true });
  expect(body.messages.map(({ role }) => role)).toEqual(['system', 'user']);
  expect(body.tools.map((tool) => tool.function.name)).toContain('create_tasks');
});

test('the text grows while it is written, for all who follow it', async () => {
  const talk = await ada();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  endpoint.answerWith(pauses('One, two', promise, ', three.'));
  const asked = await talk.send('Count.');
  await expect.poll(async () => (await talk.replyTo(asked)).content).toBe('One, two');
  expect(await talk.messages()).toEqual(['USER Count.']);
  resolve(undefined);
  await talk.replyIn(asked, ['DONE']);
  expect(await talk.messages()).toEqual(['USER Count.', 'ASSISTANT One, two, three.']);
});

test('the model uses tools with the rights of the person, and is told what came out', async () => {
  const talk = await ada();
  endpoint.answerWith(
    calls('create_tasks', { tasks: [{ title: 'Buy milk', priority: 'HIGH' }] }, 'One moment.'),
    says('Done.'),
  );
  const { content, calls: made } = await talk.say('I need milk');
  expect(content).toBe('One moment.\n\nDone.');
  expect(made).toMatchObject([{ name: 'create_tasks', state: 'DONE', tasks: [{ title: 'Buy milk' }] }]);
  const [, second] = endpoint.requests;
  const result = second?.body.messages.at(-1);
  expect(result).toMatchObject({
    role: 'tool',
    content: expect.stringMatching(/^<data>.*Buy milk.*<\/data>$/) as string,
  });
  const { tasks } = await talk.person.query<{ tasks: object }>(
    'query { tasks { nodes { title priority } } }',
  );
  expect(tasks).toEqual({ nodes: [{ title: 'Buy milk', priority: 'HIGH' }] });
});

test('the model gets the last 50 messages', async () => {
  const talk = await ada();
  const conversationId = uuidOf('Conversation', talk.conversationId);
  await db.message.createMany({
    data: Array.from({ length: 70 }, (_, n) => ({
      conversationId,
      role: 'USER' as const,
      content: `message ${n}`,
      createdAt: new Date(Date.now() - 100_000 + n),
    })),
  });
  endpoint.answerWith(says('Yes.'));
  await talk.say('Are you there?');
  const contents = endpoint.requests[0]?.body.messages.map(({ content }) => content);
  expect(contents).toHaveLength(51);
  expect(contents?.slice(1, 3)).toEqual(['message 21', 'message 22']);
  expect(contents?.at(-1)).toBe('Are you there?');
});

describe('the conversation survives', () => {
  const troubles: Record<string, { answers: Answer[]; code: string }> = {
    'a wrong key': { answers: [fails(401)], code: 'MODEL_FAILED' },
    'an endpoint that is overloaded each time': { answers: [fails(503)], code: 'MODEL_UNREACHABLE' },
    'an error in the middle of the stream': {
      answers: [
        (response) => {
          chunk(response, { role: 'assistant', content: 'I was about to' });
          response.end('data: {"error":{"message":"overloaded: sk-secret","code":500}}\n\n');
        },
      ],
      code: 'MODEL_FAILED',
    },
    'a connection that breaks': {
      answers: [
        (response) => {
          chunk(response, { role: 'assistant', content: 'I was about to' });
          setTimeout(() => response.destroy(), 50);
        },
      ],
      code: 'MODEL_FAILED',
    },
    'a model that never begins': { answers: [() => undefined], code: 'MODEL_SILENT' },
    'a model that falls silent': { answers: [hangsAfter('I was about to')], code: 'MODEL_SILENT' },
    'an answer that is no stream': {
      answers: [
        (response) => {
          response.end('<html>nonsense</html>');
        },
      ],
      code: 'MODEL_FAILED',
    },
    'events that are no JSON': {
      answers: [
        (response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end('data: {nonsense\n\ndata: \u0000\n\ndata: [DONE]\n\n');
        },
      ],
      code: 'MODEL_FAILED',
    },
    'an empty answer': { answers: [says()], code: 'MODEL_FAILED' },
  };

  test.each(Object.entries(troubles))('%s', async (_name, { answers, code }) => {
    const talk = await ada();
    endpoint.answerWith(...answers);
    const { asked, fault } = await failure(talk, 'Help me');
    expect(fault?.code).toBe(code);
    expect(JSON.stringify(fault)).not.toContain('sk-');
    expect(await talk.messages()).toEqual(['USER Help me']);

    endpoint.answerWith(says('Here I am.'));
    await talk.person.query(RETRY, { id: asked });
    await talk.replyIn(asked, ['DONE']);
    expect(await talk.messages()).toEqual(['USER Help me', 'ASSISTANT Here I am.']);
  });

  test('an error that passes, without anyone noticing', async () => {
    const talk = await ada();
    endpoint.answerWith(fails(500), says('Now.'));
    await expect(talk.say('Help me')).resolves.toMatchObject({ content: 'Now.' });
  });

  test('tools that do not exist, arguments that are nonsense, and NUL', async () => {
    const talk = await ada();
    endpoint.answerWith(
      calls('format_disk', {}),
      calls('create_tasks', '{"tasks": [{"title": '),
      calls('create_tasks', { tasks: 'all of them' }),
      calls('create_tasks', { tasks: [{ title: 'With \0 NUL and \ud800' }], '\0': 1 }),
      calls('list_tasks', []),
      says('I give \0 up.'),
    );
    const { content, calls: made } = await talk.say('Do something');
    expect(content).toBe('I give  up.');
    expect(made.map(({ state }) => state)).not.toContain('DONE');
    const { tasks } = await talk.person.query<{ tasks: { totalCount: number } }>(
      'query { tasks { totalCount } }',
    );
    expect(tasks.totalCount).toBe(0);
  });

  test('a model that never stops', async () => {
    const talk = await ada();
    endpoint.answerWith(says(...Array.from({ length: 50 }, () => 'la '.repeat(1_000))));
    const { content } = await talk.say('Sing');
    expect(content).toHaveLength(10_000);
    endpoint.answerWith(calls('dashboard', {}));
    const { content: text, calls: made } = await talk.say('Look again and again');
    expect(text).toBe('Finished.');
    expect(made).toHaveLength(8);
  });
});

const RETRY = 'mutation ($id: ID!) { retryReply(input: { messageId: $id }) { reply { state } } }';
const STOP = 'mutation ($id: ID!) { stopReply(input: { messageId: $id }) { reply { isStopping } } }';

test('a person stops a reply, and keeps what was written', async () => {
  const talk = await ada();
  endpoint.answerWith(hangsAfter('Once upon a time'));
  const asked = await talk.send('Tell me a story');
  await expect.poll(async () => (await talk.replyTo(asked)).content).toBe('Once upon a time');
  await talk.person.query(STOP, { id: asked });
  await talk.replyIn(asked, ['STOPPED']);
  expect(await talk.messages()).toEqual(['USER Tell me a story', 'ASSISTANT Once upon a time']);
  await expect(talk.person.query(RETRY, { id: asked })).rejects.toMatchObject({ code: 'CONFLICT' });
  await talk.person.query(STOP, { id: asked });
});

test('after a failure, what was done is not done again', async () => {
  const talk = await ada();
  endpoint.answerWith(calls('create_tasks', { tasks: [{ title: 'Buy milk' }] }), fails(401));
  const { asked, calls: made } = await failure(talk, 'I need milk');
  expect(made).toMatchObject([{ name: 'create_tasks', state: 'DONE' }]);
  endpoint.answerWith(says('It is on your list.'));
  await talk.person.query(RETRY, { id: asked });
  await talk.replyIn(asked, ['DONE']);
  expect(endpoint.requests[0]?.body.messages.map(({ role }) => role)).toEqual([
    'system',
    'user',
    'assistant',
    'tool',
  ]);
  const { tasks } = await talk.person.query<{ tasks: { totalCount: number } }>(
    'query { tasks { totalCount } }',
  );
  expect(tasks.totalCount).toBe(1);
});

test('commands do not ask the model', async () => {
  const talk = await ada();
  endpoint.answerWith(fails(500));
  await talk.say('/add buy milk');
  expect(endpoint.requests).toHaveLength(0);
});

test('tokens of a day are limited per person, and commands still work', async () => {
  const talk = await ada();
  endpoint.answerWith(says('Hello.'));
  await talk.say('Hello');
  const where = { userId: uuidOf('User', talk.person.id) };
  await expect(db.assistantUsage.findUniqueOrThrow({ where })).resolves.toMatchObject({ tokens: 100n });
  await db.assistantUsage.update({ where, data: { tokens: 20_000n } });
  const { fault } = await failure(talk, 'Hello again');
  expect(fault?.code).toBe('TOKENS_SPENT');
  await talk.say('/help');
  await expect((await ada()).say('Hello')).resolves.toMatchObject({ content: 'Hello.' });
  await db.assistantUsage.update({ where, data: { day: new Date('2026-01-01') } });
  await talk.say('Hello');
});

test('a reply that is stopped before it begins does nothing', async () => {
  const talk = await ada();
  endpoint.answerWith(hangsAfter('Once upon a time'));
  const first = await talk.send('Tell me a story');
  const second = await talk.send('/add buy milk');
  await talk.person.query(STOP, { id: second });
  await talk.person.query(STOP, { id: first });
  await talk.replyIn(second, ['STOPPED']);
  const { tasks } = await talk.person.query<{ tasks: { totalCount: number } }>(
    'query { tasks { totalCount } }',
  );
  expect(tasks.totalCount).toBe(0);
});
