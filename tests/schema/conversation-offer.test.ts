import { beforeEach, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { watch, watchEvents } from '../kit/live.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

let ada: Person;
let bob: Person;
let cleo: Person;

/** Ada is in a team with Bob. She sees Cleo, who is in no team with her. */
beforeEach(async () => {
  ({ ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo'));
  await teamOf(ada, [[bob, 'MEMBER']]);
  await makeKnown(cleo, ada);
});

/** The first person has a share of the other's task, so that they see each other. */
async function makeKnown(one: Person, other: Person): Promise<void> {
  const [sharedWithId, ownerId] = [uuidOf('User', one.id), uuidOf('User', other.id)];
  const task = await db.task.create({ data: { title: 'Known', ownerId }, select: { id: true } });
  await db.taskShare.create({ data: { taskId: task.id, sharedWithId, sharedById: ownerId } });
}

async function converse(owner: Person, others: readonly Person[], title = 'The party'): Promise<string> {
  const { createConversation } = await owner.query<{ createConversation: { conversation: { id: string } } }>(
    `mutation ($input: CreateConversationInput!) {
       createConversation(input: $input) { conversation { id } }
     }`,
    { input: { title, participantIds: others.map(({ id }) => id) } },
  );
  return createConversation.conversation.id;
}

const act = (person: Person, verb: string, id: string) =>
  person.query(`mutation ($id: ID!) { ${verb}(input: { id: $id }) { cursor } }`, { id });

const accept = (person: Person, id: string) => act(person, 'acceptConversation', id);
const refuse = (person: Person, id: string) => act(person, 'refuseConversation', id);
const leave = (person: Person, id: string) => act(person, 'leaveConversation', id);

const say = (person: Person, conversationId: string, content = 'Hello') =>
  person.query('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { cursor } }', {
    input: { conversationId, content },
  });

interface Offers {
  viewer: {
    conversationOffers: {
      totalCount: number;
      nodes: { conversationId: string; title: string; offeredByName: string }[];
    };
  };
}

async function offersOf(person: Person) {
  const { viewer } = await person.query<Offers>(
    '{ viewer { conversationOffers { totalCount nodes { conversationId title offeredByName } } } }',
  );
  return viewer.conversationOffers;
}

async function participantsOf(person: Person, id: string): Promise<string[]> {
  const { conversation } = await person.query<{
    conversation: { owner: { name: string }; participants: { nodes: { name: string }[] } };
  }>('query ($id: ID!) { conversation(id: $id) { owner { name } participants { nodes { name } } } }', { id });
  return conversation.participants.nodes.map(({ name }) => name).sort();
}

async function block(blocker: Person, blocked: Person): Promise<void> {
  await db.block.create({
    data: { id: newId(), blockerId: uuidOf('User', blocker.id), blockedId: uuidOf('User', blocked.id) },
  });
}

const sees = (person: Person, id: string) =>
  outcome(person.query('query ($id: ID!) { conversation(id: $id) { id } }', { id }));

describe('a conversation with a person outside common teams', () => {
  test('[BR-15] is an offer: it is listed separately, gives no access, and is not counted', async () => {
    const id = await converse(ada, [bob, cleo]);
    await say(ada, id);
    expect(await participantsOf(bob, id)).toEqual(['Ada', 'Bob']);
    expect(await offersOf(cleo)).toEqual({
      totalCount: 1,
      nodes: [{ conversationId: id, title: 'The party', offeredByName: 'Ada' }],
    });
    expect(
      await cleo.query('{ conversations { totalCount } search(query: "Hello") { node { __typename } } }'),
    ).toEqual({ conversations: { totalCount: 0 }, search: [] });
    expect(await sees(cleo, id)).toBe('NOT_FOUND');
    expect(await outcome(say(cleo, id))).toBe('NOT_FOUND');
    expect(await outcome(leave(cleo, id))).toBe('NOT_FOUND');
    const others = await bob.query<{ node: { conversationOffers: object } }>(
      'query ($id: ID!) { node(id: $id) { ... on User { conversationOffers { totalCount nodes { title } } } } }',
      { id: ada.id },
    );
    expect(others.node.conversationOffers).toEqual({ totalCount: 0, nodes: [] });
  });

  test('[BR-15] is accepted once, with one event, and then readable from the start, also in open subscriptions', async () => {
    const id = await converse(ada, [cleo]);
    await say(ada, id, 'Before');
    const events = await watchEvents(world, cleo);
    await Promise.all([accept(cleo, id), accept(cleo, id)]);
    await accept(cleo, id);
    await events.until((told) => told.events.event?.kind === 'CONVERSATION_ACCEPTED');
    await say(ada, id, 'After');
    await events.until((told) => told.events.event?.kind === 'MESSAGE_SENT');
    expect(await participantsOf(cleo, id)).toEqual(['Ada', 'Cleo']);
    const { conversation } = await cleo.query<{ conversation: { messages: { nodes: object[] } } }>(
      'query ($id: ID!) { conversation(id: $id) { messages { nodes { content } } } }',
      { id },
    );
    expect(conversation.messages.nodes).toEqual([{ content: 'Before' }, { content: 'After' }]);
    expect((await offersOf(cleo)).totalCount).toBe(0);
    const where = { kind: 'conversation.accepted', subjectId: uuidOf('Conversation', id) };
    expect(await db.event.count({ where })).toBe(1);
  });

  test('[BR-15] is refused once, and the sender gets an event', async () => {
    const id = await converse(ada, [cleo]);
    const events = await watchEvents(world, ada);
    await refuse(cleo, id);
    await refuse(cleo, id);
    await events.until((told) => told.events.event?.kind === 'CONVERSATION_REFUSED');
    expect(await outcome(accept(cleo, id))).toBe('NOT_FOUND');
    expect((await offersOf(cleo)).totalCount).toBe(0);
    expect(await outcome(refuse(bob, id))).toBe('NOT_FOUND');
    expect(await outcome(refuse(ada, id))).toBe('NOT_FOUND');
    expect(await outcome(accept(bob, publicId('Conversation', newId())))).toBe('NOT_FOUND');
  });

  test('[BR-15] is not visible to a person who blocks its owner, and the owner cannot notice it', async () => {
    await block(cleo, ada);
    const events = await watchEvents(world, cleo);
    const before = await db.event.findMany({ where: { actorId: uuidOf('User', ada.id) } });
    const id = await converse(ada, [cleo]);
    expect(await offersOf(cleo)).toEqual({ totalCount: 0, nodes: [] });
    expect(await outcome(accept(cleo, id))).toBe('NOT_FOUND');
    expect(await outcome(refuse(cleo, id))).toBe('NOT_FOUND');
    await act(ada, 'deleteConversation', id);
    await cleo.createTask('Mine');
    await events.until((told) => told.events.event?.kind === 'TASK_CREATED');
    const kinds = events.told.flatMap((told) => told.events.event?.kind ?? []);
    expect(new Set(kinds)).toEqual(new Set(['ACCESS_REFUSED', 'TASK_CREATED']));
    const own = await db.event.findMany({
      where: { actorId: uuidOf('User', ada.id) },
      orderBy: { sequence: 'asc' },
    });
    expect(own.slice(before.length).map(({ kind }) => kind)).toEqual([
      'conversation.created',
      'conversation.deleted',
    ]);
  });

  test('[BR-15] can be offered by one person to another at most a hundred times without an answer', async () => {
    const owner = uuidOf('User', ada.id);
    const ids = Array.from({ length: 99 }, () => newId());
    await db.conversation.createMany({ data: ids.map((id) => ({ id, title: 'Spam', ownerId: owner })) });
    await db.conversationOffer.createMany({
      data: ids.map((conversationId) => ({
        conversationId,
        userId: uuidOf('User', cleo.id),
        offeredById: owner,
      })),
    });
    const last = await converse(ada, [bob, cleo]);
    await expect(converse(ada, [bob, cleo])).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'participantIds' },
    });
    expect(await outcome(converse(ada, [bob]))).toBe('ok');
    await refuse(cleo, last);
    expect(await outcome(converse(ada, [cleo]))).toBe('ok');
  });

  test('deletes its offers when it is deleted, and its receivers get an event', async () => {
    const id = await converse(ada, [cleo]);
    const events = await watchEvents(world, cleo);
    await act(ada, 'deleteConversation', id);
    await events.until((told) => told.events.event?.kind === 'CONVERSATION_OFFER_REVOKED');
    expect((await offersOf(cleo)).totalCount).toBe(0);
  });

  test('[BR-15] shows two strangers each other’s names, but not their addresses (M11)', async () => {
    const { dan } = await people('Dan');
    await makeKnown(dan, ada);
    const id = await converse(ada, [bob, cleo, dan]);
    await Promise.all([accept(cleo, id), accept(dan, id)]);
    const addresses = async (person: Person) => {
      const { conversation } = await person.query<{
        conversation: { participants: { nodes: { name: string; email: string | null }[] } };
      }>('query ($id: ID!) { conversation(id: $id) { participants { nodes { name email } } } }', { id });
      return Object.fromEntries(conversation.participants.nodes.map(({ name, email }) => [name, email]));
    };
    expect(await addresses(cleo)).toEqual({ Ada: null, Bob: null, Cleo: cleo.email, Dan: null });
    expect(await addresses(ada)).toEqual({ Ada: ada.email, Bob: bob.email, Cleo: null, Dan: null });
  });
});

describe('leaving a conversation', () => {
  test('[BR-15] removes access at once, also in open subscriptions; the person’s messages stay (M11)', async () => {
    const id = await converse(ada, [bob]);
    await say(bob, id, 'From Bob');
    const MESSAGES =
      'subscription ($id: ID!) { messages(conversationId: $id) { cursor message { content } } }';
    const messages = await watch<{ messages: { message: { content: string } | null } }>(
      world,
      bob,
      MESSAGES,
      {
        id,
      },
    );
    await messages.until(({ messages: { message } }) => message === null);
    const events = await watchEvents(world, bob);
    await leave(bob, id);
    expect(await messages.end).toBe('NOT_FOUND');
    await say(ada, id, 'Without Bob');
    await bob.createTask('Mine');
    await events.until((told) => told.events.event?.kind === 'TASK_CREATED');
    expect(events.told.flatMap((told) => told.events.event?.kind ?? [])).toEqual([
      'CONVERSATION_LEFT',
      'TASK_CREATED',
    ]);
    expect(messages.told.flatMap(({ messages: { message } }) => message?.content ?? [])).toEqual([]);
    expect(await sees(bob, id)).toBe('NOT_FOUND');
    expect(await outcome(say(bob, id))).toBe('NOT_FOUND');
    const { conversation } = await ada.query<{ conversation: { messages: { nodes: object[] } } }>(
      'query ($id: ID!) { conversation(id: $id) { messages { nodes { content author { name } } } } }',
      { id },
    );
    expect(conversation.messages.nodes).toEqual([
      { content: 'From Bob', author: { name: 'Bob' } },
      { content: 'Without Bob', author: { name: 'Ada' } },
    ]);
    expect(await participantsOf(ada, id)).toEqual(['Ada']);
  });

  test('[BR-10] repeatedly or twice concurrently is one event', async () => {
    const id = await converse(ada, [bob]);
    await Promise.all([leave(bob, id), leave(bob, id), leave(bob, id)]);
    await leave(bob, id);
    const where = { kind: 'conversation.left', subjectId: uuidOf('Conversation', id) };
    expect(await db.event.findMany({ where, select: { actorId: true, personId: true } })).toEqual([
      { actorId: uuidOf('User', bob.id), personId: null },
    ]);
    expect(await outcome(leave(cleo, id))).toBe('NOT_FOUND');
  });

  test('by its owner makes the longest-standing participant the owner, and deletes its offers', async () => {
    const { dan } = await people('Dan');
    await makeKnown(dan, ada);
    const id = await converse(ada, [cleo, dan]);
    await accept(cleo, id);
    const events = await watchEvents(world, dan);
    await leave(ada, id);
    await events.until((told) => told.events.event?.kind === 'CONVERSATION_OFFER_REVOKED');
    expect(await outcome(accept(dan, id))).toBe('NOT_FOUND');
    expect(await sees(ada, id)).toBe('NOT_FOUND');
    const rename = 'mutation ($id: ID!) { renameConversation(input: { id: $id, title: "Mine" }) { cursor } }';
    expect(await outcome(cleo.query(rename, { id }))).toBe('ok');
    const { conversation } = await cleo.query<{ conversation: object }>(
      'query ($id: ID!) { conversation(id: $id) { owner { name } viewerCan { delete leave } } }',
      { id },
    );
    expect(conversation).toEqual({ owner: { name: 'Cleo' }, viewerCan: { delete: true, leave: true } });
  });

  test('by the last participant deletes it, also if two people leave concurrently', async () => {
    const id = await converse(ada, [bob]);
    await Promise.all([leave(ada, id), leave(bob, id)]);
    expect(await db.conversation.count({ where: { id: uuidOf('Conversation', id) } })).toBe(0);
    await Promise.all([leave(ada, id), leave(bob, id)]);
  });
});
