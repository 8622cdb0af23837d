import { beforeEach, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { watchEvents } from '../kit/live.ts';
import { converse, say } from '../kit/talk.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

let ada: Person;
let bob: Person;
let id: string;

beforeEach(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
  await teamOf(ada, [[bob, 'MEMBER']]);
  id = await converse(ada, [bob]);
});

interface Seen {
  conversation: { unreadCount: number; readTo: string };
  viewer: { unreadConversationCount: number };
}

async function unreadOf(person: Person, conversationId = id): Promise<[messages: number, total: number]> {
  const { conversation, viewer } = await person.query<Seen>(
    'query ($id: ID!) { conversation(id: $id) { unreadCount readTo } viewer { unreadConversationCount } }',
    { id: conversationId },
  );
  return [conversation.unreadCount, viewer.unreadConversationCount];
}

const markRead = (person: Person, conversationId: string, messageId: string | null = null) =>
  person.query(
    'mutation ($input: MarkConversationReadInput!) { markConversationRead(input: $input) { cursor } }',
    { input: { id: conversationId, messageId } },
  );

describe('unread messages', () => {
  test('[FR-003] are counted per person until they are read, up to any message, and never again', async () => {
    const ids = [];
    for (const content of ['One', 'Two', 'Three']) ids.push(await say(ada, id, content));
    expect(await unreadOf(ada)).toEqual([0, 0]);
    expect(await unreadOf(bob)).toEqual([3, 1]);
    await markRead(bob, id, ids[1]);
    expect(await unreadOf(bob)).toEqual([1, 1]);
    await markRead(bob, id, ids[0]);
    expect(await unreadOf(bob)).toEqual([1, 1]);
    await markRead(bob, id);
    expect(await unreadOf(bob)).toEqual([0, 0]);
    await say(ada, id, 'Four');
    expect(await unreadOf(bob)).toEqual([1, 1]);
  });

  test('are read by a reply, and do not include what was sent before the person joined', async () => {
    await say(ada, id, 'One');
    await say(bob, id, 'Two');
    expect(await unreadOf(bob)).toEqual([0, 0]);
    expect(await unreadOf(ada)).toEqual([1, 1]);
    const { cleo } = await people('Cleo');
    await teamOf(ada, [[cleo, 'MEMBER']]);
    await ada.query(
      'mutation ($input: AddParticipantsInput!) { addParticipants(input: $input) { cursor } }',
      { input: { id, participantIds: [cleo.id] } },
    );
    expect(await unreadOf(cleo)).toEqual([0, 0]);
    await say(ada, id, 'Three');
    expect(await unreadOf(cleo)).toEqual([1, 1]);
  });

  test('are counted up to a hundred', async () => {
    const conversationId = uuidOf('Conversation', id);
    const authorId = uuidOf('User', ada.id);
    const later = (number: number) => new Date(Date.now() + number);
    await db.message.createMany({
      data: Array.from({ length: 150 }, (_, number) => ({
        conversationId,
        authorId,
        role: 'USER' as const,
        content: String(number),
        createdAt: later(number),
      })),
    });
    await db.conversation.update({ where: { id: conversationId }, data: { updatedAt: later(150) } });
    expect(await unreadOf(bob)).toEqual([100, 1]);
  });

  test('[BR-08] a message of another conversation, or a conversation of other people, is NOT_FOUND', async () => {
    const { mallory } = await people('Mallory');
    const elsewhere = await say(ada, await converse(ada, []), 'Secret');
    expect(await outcome(markRead(bob, id, elsewhere))).toBe('NOT_FOUND');
    expect(await outcome(markRead(bob, id, publicId('Message', newId())))).toBe('NOT_FOUND');
    expect(await outcome(markRead(mallory, id))).toBe('NOT_FOUND');
  });

  test('marking them tells the reader’s other devices once, and no other person', async () => {
    const message = await say(ada, id, 'One');
    const filter = { kinds: ['CONVERSATION_READ'] };
    const own = await watchEvents(world, bob, { filter });
    await markRead(bob, id, message);
    await markRead(bob, id, message);
    await markRead(ada, id);
    await own.until(({ events }) => events.event?.kind === 'CONVERSATION_READ');
    const kinds = async (person: Person) => {
      const { activity } = await person.query<{ activity: { totalCount: number } }>(
        '{ activity(filter: { kind: { eq: CONVERSATION_READ } }) { totalCount } }',
      );
      return activity.totalCount;
    };
    expect(await kinds(bob)).toBe(1);
    expect(await kinds(ada)).toBe(0);
  });

  test('of a person are not told to others', async () => {
    const { node } = await ada.query<{ node: { unreadConversationCount: number | null } }>(
      'query ($id: ID!) { node(id: $id) { ... on User { unreadConversationCount } } }',
      { id: bob.id },
    );
    expect(node.unreadConversationCount).toBeNull();
  });
});
