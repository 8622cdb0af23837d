import { describe, expect, test } from 'vitest';
import { talkOf } from '../../kit/assistant.ts';
import { startWorld } from '../../kit/world.ts';
import { dayAfter, dayIn } from '../../../server/filter-text/days.ts';

const { people, query } = await startWorld();

const today = dayIn('UTC', new Date());
const tomorrow = dayAfter(today, 1);

const TASK = 'query ($id: ID!) { task(id: $id) { title status priority dueOn labels } }';

test('the assistant’s conversation is one per person, and only its own', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const [one, other] = await Promise.all([talkOf(ada), talkOf(ada)]);
  expect(one.conversationId).toBe(other.conversationId);
  const { assistant } = await ada.query<{ assistant: object }>(
    'query { assistant { hasModel conversation { id isWithAssistant viewerCan { addParticipants send } } } }',
  );
  expect(assistant).toEqual({
    hasModel: false,
    conversation: {
      id: one.conversationId,
      isWithAssistant: true,
      viewerCan: { addParticipants: false, send: true },
    },
  });
  await expect(bob.query('query ($id: ID!) { conversation(id: $id) { id } }', { id: one.conversationId }))
    .rejects //
    .toMatchObject({ code: 'NOT_FOUND' });
});

test('no one can be added to a conversation with the assistant', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { conversationId: id } = await talkOf(ada);
  await expect(
    ada.query(
      'mutation ($input: AddParticipantsInput!) { addParticipants(input: $input) { conversation { id } } }',
      { input: { id, emails: [bob.email] } },
    ),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

describe('without a model', () => {
  test('a task is added as in the field of the page', async () => {
    const { ada } = await people('Ada');
    const talk = await talkOf(ada);
    const { content, calls } = await talk.say('/add buy *milk* tomorrow !high #home');
    expect(calls).toMatchObject([{ name: 'create_tasks', state: 'DONE', tasks: [{ title: 'buy *milk*' }] }]);
    const [task] = calls[0]?.tasks ?? [];
    expect(content).toContain(`[buy \\*milk\\*](/t/${task?.id})`);
    await expect(ada.query(TASK, { id: task?.id })).resolves.toEqual({
      task: { title: 'buy *milk*', status: 'TODO', priority: 'HIGH', dueOn: tomorrow, labels: ['home'] },
    });
  });

  test('a list has numbers, which /done refers to', async () => {
    const { ada } = await people('Ada');
    await ada.createTask('Third', { dueOn: dayAfter(today, 400) });
    await ada.createTask('First', { dueOn: dayAfter(today, -2) });
    await ada.createTask('Second', { dueOn: tomorrow });
    const talk = await talkOf(ada);
    await expect(talk.say('/done 1')).resolves.toMatchObject({
      content: expect.stringContaining('/list') as string,
    });
    const list = await talk.say('/list');
    expect(list.content.split('\n').map((line) => line.replace(/\(.*/, ''))).toEqual([
      '1. [First]',
      '2. [Second]',
      '3. [Third]',
    ]);
    await talk.say('/list overdue');
    await expect(talk.say('/done 2')).resolves.toMatchObject({
      content: 'The last list has no number 2.',
      calls: [],
    });
    const done = await talk.say('/done 1');
    expect(done.calls).toMatchObject([{ name: 'update_tasks', state: 'DONE', tasks: [{ title: 'First' }] }]);
    await expect(ada.query(TASK, { id: done.calls[0]?.tasks[0]?.id })).resolves.toMatchObject({
      task: { status: 'DONE' },
    });
    const { content } = await talk.say('/summary');
    expect(content).toContain('Open: **2**');
    expect(content).toContain('Completed today: **1**');
  });

  test('German commands get German replies', async () => {
    const { ada } = await people('Ada');
    await ada.query('mutation { updateViewer(input: { locale: "de" }) { viewer { id } } }');
    const talk = await talkOf(ada);
    const { content } = await talk.say('/neu Milch kaufen morgen !hoch');
    expect(content).toMatch(/^Angelegt: \[Milch kaufen\]/);
    const { content: list } = await talk.say('/liste fällig morgen');
    expect(list).toMatch(/^1\. \[Milch kaufen\]/);
    expect((await talk.say('/quatsch')).content).toContain('/quatsch');
  });

  test('other messages are told what works', async () => {
    const { ada } = await people('Ada');
    const talk = await talkOf(ada);
    const { content, calls } = await talk.say('What should I do today?');
    expect(content).toContain('No language model is set up');
    expect(content).toContain('/add');
    expect(calls).toEqual([]);
  });
});

test('what the assistant did is attributed to it, as one run that can be undone', async () => {
  const { ada } = await people('Ada');
  const talk = await talkOf(ada);
  const { asked, calls } = await talk.say('/add water the plants');
  const { activity } = await ada.query<{ activity: { nodes: { kind: string; through: object }[] } }>(
    'query { activity(first: 10) { nodes { kind through { kind name run agentRun { id } } changes { field after } } } }',
  );
  const through = { kind: 'ASSISTANT', name: 'Assistant', run: asked };
  expect(activity.nodes).toMatchObject([
    { kind: 'MESSAGE_SENT', through: null },
    {
      kind: 'ASSISTANT_TOOL_CALLED',
      through,
      changes: [
        { field: 'tool', after: 'create_tasks' },
        { field: 'state', after: 'DONE' },
      ],
    },
    { kind: 'TASK_CREATED', through },
    { kind: 'MESSAGE_SENT', through: null },
    { kind: 'CONVERSATION_CREATED' },
    { kind: 'SESSION_STARTED' },
    { kind: 'USER_SIGNED_UP' },
  ]);
  const { agentRun } = activity.nodes[2]?.through as { agentRun: { id: string } };
  await ada.query('mutation ($id: ID!) { undoRun(input: { id: $id }) { cursor } }', { id: agentRun.id });
  await expect(ada.query(TASK, { id: calls[0]?.tasks[0]?.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('messages of programs get no reply', async () => {
  const { ada } = await people('Ada');
  const { conversationId } = await talkOf(ada);
  const { createApiToken } = await ada.query<{ createApiToken: { token: string } }>(
    'mutation { createApiToken(input: { name: "bot", scopes: [READ, WRITE] }) { token } }',
  );
  const { sendMessage } = await query<{ sendMessage: object }>(
    'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, content: "/add x" }) { message { reply { state } } } }',
    { id: conversationId },
    { authorization: `Bearer ${createApiToken.token}` },
  );
  expect(sendMessage).toEqual({ message: { reply: null } });
});

test('a person can send 60 messages a minute', async () => {
  const { ada } = await people('Ada');
  const talk = await talkOf(ada);
  for (let sent = 0; sent < 60; sent += 10)
    await Promise.all(Array.from({ length: 10 }, () => talk.send('/help')));
  await expect(talk.send('/help')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    extensions: { retryAfter: expect.any(Number) as number },
  });
});
