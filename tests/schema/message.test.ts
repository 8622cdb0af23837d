import { describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { startTestServer } from '../kit/server.ts';
import { giveShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, databaseUrl, people } = await startWorld();
const { ada, bob, mallory } = await people('Ada', 'Bob', 'Mallory');
await teamOf(ada, [[bob, 'MEMBER']]);

await giveShare(ada, bob, await ada.createTask('Plan the party'));

async function begin(): Promise<string> {
  const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
    `mutation ($with: [ID!]) {
      createConversation(input: { title: "The party", participantIds: $with }) { conversation { id } }
    }`,
    { with: [bob.id] },
  );
  return createConversation.conversation.id;
}

interface Sent {
  message: { id: string; content: string; role: string; author: { name: string } | null; createdAt: string };
  cursor: string;
}

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { message { id content role author { name } createdAt } cursor }
}`;

async function send(person: Person, conversationId: string, content: string, id?: string): Promise<Sent> {
  const input = { conversationId, content, ...(id ? { id } : {}) };
  return (await person.query<{ sendMessage: Sent }>(SEND, { input })).sendMessage;
}

interface Page {
  nodes: { content: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function read(person: Person, id: string, args: object): Promise<Page> {
  const { conversation } = await person.query<{ conversation: { messages: Page } }>(
    `query ($id: ID!, $first: Int, $last: Int, $after: String) {
      conversation(id: $id) {
        messages(first: $first, last: $last, after: $after) {
          nodes { content } pageInfo { hasNextPage endCursor }
        }
      }
    }`,
    { id, ...args },
  );
  return conversation.messages;
}

const contents = ({ nodes }: Page) => nodes.map(({ content }) => content);

describe('a message', () => {
  test('[BR-12] has its sender as author, the role USER, and is visible to every participant', async () => {
    const conversation = await begin();
    const { message } = await send(bob, conversation, '  Who brings the **cake**?  ');
    expect(message).toMatchObject({
      content: 'Who brings the **cake**?',
      role: 'USER',
      author: { name: 'Bob' },
    });
    const look =
      'query ($id: ID!) { node(id: $id) { ... on Message { content toolCalls conversation { id } } } }';
    await expect(ada.query(look, { id: message.id })).resolves.toEqual({
      node: { content: 'Who brings the **cake**?', toolCalls: null, conversation: { id: conversation } },
    });
  });

  test('[BR-08] of other people is NOT_FOUND, and cannot be sent to their conversation', async () => {
    const conversation = await begin();
    const { message } = await send(ada, conversation, 'A secret');
    await expect(mallory.query('query ($id: ID!) { node(id: $id) { id } }', message)).resolves.toEqual({
      node: null,
    });
    const refusals = await Promise.all(
      [conversation, publicId('Conversation', newId())].map((id) =>
        send(mallory, id, 'Let me in').catch((error: unknown) => error),
      ),
    );
    expect(refusals).toMatchObject([{ code: 'NOT_FOUND' }, { code: 'NOT_FOUND' }]);
    expect(new Set(refusals.map((refusal) => (refusal as Error).message)).size).toBe(1);
    expect(await db.message.count({ where: { content: 'Let me in' } })).toBe(0);
  });

  test('without text, with too much, or with a NUL is VALIDATION_FAILED; 10,000 characters are allowed', async () => {
    const conversation = await begin();
    for (const content of [' \n ', 'x'.repeat(10_001), 'a\0b']) {
      await expect(send(ada, conversation, content)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'content' },
      });
    }
    const longest = '😀'.repeat(10_000);
    expect((await send(ada, conversation, longest)).message.content).toBe(longest);
  });

  test('[BR-10] is sent once with one id; with other content, in another conversation, or by another person it is CONFLICT', async () => {
    const [here, elsewhere] = [await begin(), await begin()];
    const id = publicId('Message', newId());
    const sent = await Promise.all([1, 2, 3].map(() => send(ada, here, 'Once', id)));
    expect(new Set(sent.map(({ cursor }) => cursor)).size).toBe(1);
    const moment = await updatedAt(here);
    await expect(send(ada, here, 'Once', id)).resolves.toEqual(sent[0]);
    expect(await updatedAt(here)).toEqual(moment);
    await expect(send(ada, here, 'Twice', id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(send(ada, elsewhere, 'Once', id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(send(bob, here, 'Once', id)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(contents(await read(ada, here, {}))).toEqual(['Once']);
  });

  test('[BR-11] has its event in the same transaction, for the participants of the conversation', async () => {
    const conversation = await begin();
    const { message } = await send(bob, conversation, 'Noted');
    const event = await db.event.findFirstOrThrow({ where: { subjectId: uuidOf('Message', message.id) } });
    expect(event).toMatchObject({
      kind: 'message.sent',
      actorId: uuidOf('User', bob.id),
      conversationId: uuidOf('Conversation', conversation),
      teamId: null,
    });
    expect(JSON.stringify(event.data)).not.toContain('Noted');
  });
});

async function updatedAt(conversation: string): Promise<Date> {
  const where = { id: uuidOf('Conversation', conversation) };
  return (await db.conversation.findUniqueOrThrow({ where })).updatedAt;
}

describe('the order of messages', () => {
  test('[FR-003] is that of sending; the last twenty and the page before them are available', async () => {
    const conversation = await begin();
    const words = Array.from({ length: 25 }, (_, n) => `Line ${n}`);
    for (const line of words) await send(ada, conversation, line);
    expect(contents(await read(bob, conversation, {}))).toEqual(words);
    expect(contents(await read(bob, conversation, { last: 20 }))).toEqual(words.slice(5));
  });

  test('[FR-003] puts a new message last, also after a clock that was ahead', async () => {
    const conversation = await begin();
    const { message } = await send(ada, conversation, 'From the future');
    const future = new Date(Date.now() + 60_000);
    await db.message.update({ where: { id: uuidOf('Message', message.id) }, data: { createdAt: future } });
    await db.conversation.update({
      where: { id: uuidOf('Conversation', conversation) },
      data: { updatedAt: future },
    });
    await send(bob, conversation, 'Now', publicId('Message', '01890a5d-0000-7000-8000-000000000000'));
    expect(contents(await read(ada, conversation, {}))).toEqual(['From the future', 'Now']);
  });

  test('[FR-003] lets a reader continue without missing messages, while two servers accept them', async () => {
    const conversation = await begin();
    const other = await startTestServer(databaseUrl);
    const seen: string[] = [];
    let after: string | null = null;
    const catchUp = async () => {
      const page: Page = await read(bob, conversation, { first: 100, after });
      seen.push(...contents(page));
      after = page.pageInfo.endCursor ?? after;
    };
    try {
      const words = Array.from({ length: 60 }, (_, n) => `Shout ${n}`);
      const progress = { done: false };
      const sent = Promise.all(
        words.map((content, n) => (n % 2 ? send(ada, conversation, content) : sendTo(other.url, content))),
      ).finally(() => {
        progress.done = true;
      });
      while (!progress.done) await catchUp();
      await sent;
      await catchUp();
      expect(seen.toSorted()).toEqual(words.toSorted());
      expect(seen).toEqual(contents(await read(ada, conversation, { first: 100 })));
    } finally {
      await other.stop();
    }

    async function sendTo(url: string, content: string): Promise<void> {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenFor(url)}` },
        body: JSON.stringify({
          query: SEND,
          variables: { input: { conversationId: conversation, content } },
        }),
      });
      expect(await response.json()).not.toHaveProperty('errors');
    }
  });

  let signedIn: Promise<string> | undefined;

  /** A token is valid only at the server that issued it, since each has its own address. */
  function tokenFor(url: string): Promise<string> {
    signedIn ??= (async () => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query: `mutation { signIn(input: { email: "${bob.email}", password: "correct horse battery" }) { token } }`,
        }),
      });
      const { data } = (await response.json()) as { data: { signIn: { token: string } } };
      return data.signIn.token;
    })();
    return signedIn;
  }
});
