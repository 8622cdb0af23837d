import { describe, expect, test } from 'vitest';
import { newId, publicId } from '../../server/ids.ts';
import { giveShare } from '../kit/shares.ts';
import { statementsOf } from '../kit/statements.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();
const { ada, bob, cleo, mallory } = await people('Ada', 'Bob', 'Cleo', 'Mallory');
await teamOf(ada, [
  [bob, 'MEMBER'],
  [cleo, 'MEMBER'],
]);

/** Ada sees Bob and Cleo: each has a task of hers. */
for (const person of [bob, cleo]) await giveShare(ada, person, await ada.createTask('Plan the party'));

interface Begun {
  id: string;
  title: string;
  cursor: string;
}

async function begin(person: Person, title: string, input: Record<string, unknown> = {}): Promise<Begun> {
  const { createConversation } = await person.query<{
    createConversation: { conversation: { id: string; title: string }; cursor: string };
  }>(
    `mutation ($input: CreateConversationInput!) {
      createConversation(input: $input) { conversation { id title } cursor }
    }`,
    { input: { title, ...input } },
  );
  return { ...createConversation.conversation, cursor: createConversation.cursor };
}

function rename(person: Person, id: string, title: string) {
  return person.query<{ renameConversation: { conversation: { title: string } } }>(
    `mutation ($id: ID!, $title: String!) {
      renameConversation(input: { id: $id, title: $title }) { conversation { title updatedAt } }
    }`,
    { id, title },
  );
}

function remove(person: Person, id: string) {
  return person.query<{ deleteConversation: { deletedConversationId: string; cursor: string } }>(
    'mutation ($id: ID!) { deleteConversation(input: { id: $id }) { deletedConversationId cursor } }',
    { id },
  );
}

function find(person: Person, id: string) {
  return person.query<{ conversation: Record<string, unknown> }>(
    `query ($id: ID!) {
      conversation(id: $id) {
        title owner { name }
        participants { totalCount nodes { name } }
        viewerCan { rename delete send }
      }
    }`,
    { id },
  );
}

describe('creating a conversation', () => {
  test('[FR-002] includes its owner, and every participant reads it', async () => {
    const { id } = await begin(ada, 'The party', { participantIds: [bob.id, cleo.id, ada.id, bob.id] });
    const participants = { totalCount: 3, nodes: [{ name: 'Ada' }, { name: 'Bob' }, { name: 'Cleo' }] };
    const seen = { title: 'The party', owner: { name: 'Ada' } };
    for (const [person, manages] of [
      [ada, true],
      [bob, false],
    ] as const) {
      const { conversation } = await find(person, id);
      expect(conversation).toMatchObject({
        ...seen,
        viewerCan: { rename: manages, delete: manages, send: true },
      });
      const { totalCount, nodes } = conversation['participants'] as typeof participants;
      expect(totalCount).toBe(3);
      expect(nodes.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(participants.nodes);
    }
  });

  test('makes its participants visible to each other', async () => {
    const look = 'query ($id: ID!) { node(id: $id) { ... on User { name } } }';
    await begin(ada, 'Meet', { participantIds: [bob.id, cleo.id] });
    await expect(bob.query(look, { id: cleo.id })).resolves.toEqual({ node: { name: 'Cleo' } });
  });

  test('[BR-08] with invisible or unknown people is NOT_FOUND, and creates nothing', async () => {
    const refusals = await Promise.all(
      [mallory.id, publicId('User', newId())].map((id) =>
        begin(ada, 'Sneaky', { participantIds: [bob.id, id] }).catch((error: unknown) => error),
      ),
    );
    expect(refusals).toMatchObject([{ code: 'NOT_FOUND' }, { code: 'NOT_FOUND' }]);
    expect(new Set(refusals.map((refusal) => (refusal as Error).message)).size).toBe(1);
    expect(await db.conversation.count({ where: { title: 'Sneaky' } })).toBe(0);
  });

  test.each([
    ['no title', { title: '  ' }, 'title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'title'],
    ['a title of two lines', { title: 'The\u2028party' }, 'title'],
    ['51 people', { participantIds: Array<string>(51).fill(bob.id) }, 'participantIds'],
    ['the id of another type', { participantIds: [publicId('Task', newId())] }, 'participantIds.0'],
    ['an id of another version', { id: 'conversation_00000000000000000000000000' }, 'id'],
  ])('with %s is VALIDATION_FAILED', async (_what, input, field) => {
    await expect(begin(ada, 'Fine', input)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('[BR-10] twice with one id creates one; with other content or by another person it is CONFLICT', async () => {
    const id = publicId('Conversation', newId());
    const first = await begin(ada, 'Once', { id, participantIds: [bob.id, cleo.id] });
    await expect(begin(ada, 'Once', { id, participantIds: [cleo.id, bob.id] })).resolves.toEqual(first);
    await expect(begin(ada, 'Twice', { id })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(begin(bob, 'Once', { id })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await db.conversation.count({ where: { title: 'Once' } })).toBe(1);
    await remove(ada, id);
    await expect(begin(bob, 'Late', { id })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(begin(ada, 'Late', { id })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('managing a conversation', () => {
  test('its owner can rename it', async () => {
    const { id } = await begin(ada, 'Draft');
    await expect(rename(ada, id, ' Final ')).resolves.toMatchObject({
      renameConversation: { conversation: { title: 'Final' } },
    });
  });

  test('[BR-08] a participant cannot, which is FORBIDDEN; for others it is NOT_FOUND', async () => {
    const { id } = await begin(ada, 'Ours', { participantIds: [bob.id] });
    for (const attempt of [rename, remove]) {
      await expect(attempt(bob, id, 'Mine')).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(attempt(mallory, id, 'Mine')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await expect(find(mallory, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(mallory.query('query ($id: ID!) { node(id: $id) { id } }', { id })).resolves.toEqual({
      node: null,
    });
    await expect(find(bob, id)).resolves.toMatchObject({ conversation: { title: 'Ours' } });
  });

  test('[BR-10] deleting it removes its messages for all participants; repeating it succeeds', async () => {
    const { id } = await begin(ada, 'Short-lived', { participantIds: [bob.id] });
    await bob.query(
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, content: "Hello" }) { cursor } }',
      { id },
    );
    const [first, again] = [await remove(ada, id), await remove(ada, id)];
    expect(again).toEqual(first);
    expect(first.deleteConversation.deletedConversationId).toBe(id);
    await expect(find(bob, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await db.message.count({ where: { content: 'Hello' } })).toBe(0);
    await expect(remove(bob, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-10] ten concurrent deletions delete it once', async () => {
    const { id } = await begin(ada, 'Contended');
    const cursors = await Promise.all(
      Array.from({ length: 10 }, async () => (await remove(ada, id)).deleteConversation.cursor),
    );
    expect(new Set(cursors).size).toBe(1);
  });
});

describe('the list of conversations', async () => {
  const { dora, eve } = await people('Dora', 'Eve');
  await teamOf(dora, [[eve, 'MEMBER']]);
  await giveShare(dora, eve, await dora.createTask('Say hello'));
  const ids: string[] = [];
  for (const title of ['Cherry', 'Apple', 'Banana']) {
    ids.push((await begin(dora, title, { participantIds: title === 'Apple' ? [eve.id] : [] })).id);
  }
  const [cherry = ''] = ids;

  async function titles(person: Person, filter: object = {}, orderBy?: object): Promise<string[]> {
    const { conversations } = await person.query<{ conversations: { nodes: { title: string }[] } }>(
      `query ($filter: ConversationFilter, $orderBy: ConversationOrder) {
        conversations(filter: $filter, orderBy: $orderBy, first: 10) { nodes { title } }
      }`,
      { filter, orderBy },
    );
    return conversations.nodes.map(({ title }) => title);
  }

  test('[FR-002] [FR-026] has the person’s conversations, and no others', async () => {
    expect(await titles(eve)).toEqual(['Apple']);
    expect(await titles(mallory)).toEqual([]);
  });

  test('starts with the latest active one, and can be ordered and filtered', async () => {
    expect(await titles(dora)).toEqual(['Banana', 'Apple', 'Cherry']);
    await dora.query(
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, content: "Ripe" }) { cursor } }',
      { id: cherry },
    );
    expect(await titles(dora)).toEqual(['Cherry', 'Banana', 'Apple']);
    const byAge = { field: 'CREATED_AT', direction: 'ASC' };
    expect(await titles(dora, {}, byAge)).toEqual(['Cherry', 'Apple', 'Banana']);
    const byTitle = { field: 'TITLE', direction: 'ASC' };
    expect(await titles(dora, {}, byTitle)).toEqual(['Apple', 'Banana', 'Cherry']);
    expect(await titles(dora, { title: { contains: 'ERR' } })).toEqual(['Cherry']);
    expect(await titles(dora, { participant: eve.id })).toEqual(['Apple']);
    expect(await titles(dora, { not: { participant: eve.id } })).toEqual(['Cherry', 'Banana']);
    expect(await titles(dora, { owner: { eq: eve.id } })).toEqual([]);
  });

  test('[FR-014] uses the same number of statements for twenty as for one, with latest messages and participants', async () => {
    const { fay } = await people('Fay');
    for (let n = 0; n < 20; n += 1) {
      const { id } = await begin(fay, `Talk ${n}`);
      for (const content of ['One', 'Two']) {
        await fay.query('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { cursor } }', {
          input: { conversationId: id, content },
        });
      }
    }
    const list = (first: number) =>
      statementsOf(async () => {
        const { conversations } = await fay.query<{
          conversations: { nodes: { messages: { totalCount: number; nodes: unknown[] } }[] };
        }>(
          `query ($first: Int) {
            conversations(first: $first) {
              nodes {
                title owner { name } viewerCan { rename delete send }
                messages(last: 20) { totalCount nodes { content role author { name } conversation { id } } }
                participants(first: 5) { totalCount nodes { name } pageInfo { hasNextPage } }
              }
            }
          }`,
          { first },
        );
        expect(conversations.nodes).toHaveLength(first);
        expect(conversations.nodes[0]?.messages).toMatchObject({
          totalCount: 2,
          nodes: [{ content: 'One' }, { content: 'Two' }],
        });
      });
    const [one, twenty] = [await list(1), await list(20)];
    expect(twenty.map(sourceOf)).toEqual(one.map(sourceOf));
    expect(twenty.map(sourceOf)).toEqual(['viewerOf', 'conversations', 'conversations']);
  });
});

test('has their messages for each selection', async () => {
  const { gil } = await people('Gil');
  const { id } = await begin(gil, 'Twice');
  for (const content of ['One', 'Two', 'Three'])
    await gil.query('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { cursor } }', {
      input: { conversationId: id, content },
    });
  const page = { nodes: [{ content: 'One' }] };
  const { conversations } = await gil.query<{ conversations: unknown }>(`{
    conversations {
      nodes {
        first: messages(first: 1) { nodes { content } }
        last: messages(last: 2) { nodes { content author { name } } edges { node { conversation { title } } } }
      }
      edges { node { messages(first: 1) { nodes { content } } ...All } }
    }
  }
  fragment All on Conversation { all: messages { totalCount nodes { ...Said } } }
  fragment Said on Message { content }`);
  const author = { name: 'Gil' };
  const inIt = { node: { conversation: { title: 'Twice' } } };
  const all = [{ content: 'One' }, { content: 'Two' }, { content: 'Three' }];
  expect(conversations).toEqual({
    nodes: [
      {
        first: page,
        last: {
          nodes: [
            { content: 'Two', author },
            { content: 'Three', author },
          ],
          edges: [inIt, inIt],
        },
      },
    ],
    edges: [{ node: { messages: page, all: { totalCount: 3, nodes: all } } }],
  });
  const plain = await gil.query<object>(
    `{ conversations { nodes { a: messages(first: 1) { nodes { content } } b: messages(last: 2) { nodes { content } } } } }`,
  );
  expect(plain).toEqual({ conversations: { nodes: [{ a: page, b: { nodes: all.slice(1) } }] } });
});

/** The function or the table of a statement. */
function sourceOf(statement: string): string | undefined {
  return /\/\* (\w+) \*\//.exec(statement)?.[1] ?? /FROM (?:"public"\.)?"(\w+)"/.exec(statement)?.[1];
}

test('has participants that can be paged both ways, by cursors of either end', async () => {
  const { id } = await begin(ada, 'Three of us', { participantIds: [bob.id, cleo.id] });
  const pageOf = async (args: string) => {
    const { conversation } = await ada.query<{
      conversation: {
        participants: {
          edges: { cursor: string; node: { id: string } }[];
          pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean };
        };
      };
    }>(
      `query ($id: ID!) {
        conversation(id: $id) {
          participants(${args}) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } }
        }
      }`,
      { id },
    );
    return conversation.participants;
  };
  const all = await pageOf('first: 10');
  const ids = all.edges.map(({ node }) => node.id);
  expect(ids).toEqual([ada.id, bob.id, cleo.id].sort());
  const after = await pageOf(`first: 1, after: "${all.edges[0]?.cursor ?? ''}"`);
  expect(after.edges.map(({ node }) => node.id)).toEqual([ids[1]]);
  expect(after.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true });
  const last = await pageOf('last: 2');
  expect(last.edges.map(({ node }) => node.id)).toEqual(ids.slice(1));
  await expect(pageOf('first: 101')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});
