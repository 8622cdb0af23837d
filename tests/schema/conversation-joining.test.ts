import { beforeEach, describe, expect, test } from 'vitest';
import { verifyAccount } from '../../server/auth/account.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { watchEvents } from '../kit/live.ts';
import { converse, say } from '../kit/talk.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

let ada: Person;
let bob: Person;
let cleo: Person;
let id: string;

/** Ada is in a team with Bob and in none with Cleo, whose address is verified. */
beforeEach(async () => {
  ({ ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo'));
  await teamOf(ada, [[bob, 'MEMBER']]);
  await verifyAccount(db, cleo.email);
  id = await converse(ada, []);
});

const add = (person: Person, input: { participantIds?: string[]; emails?: string[] }, conversation = id) =>
  person.query<{ addParticipants: { conversation: { participants: { totalCount: number } } } }>(
    `mutation ($input: AddParticipantsInput!) {
       addParticipants(input: $input) { conversation { participants { totalCount } } }
     }`,
    { input: { id: conversation, ...input } },
  );

const count = async (adding: ReturnType<typeof add>) =>
  (await adding).addParticipants.conversation.participants.totalCount;

const offersTo = async (person: Person) => {
  const { viewer } = await person.query<{ viewer: { conversationOffers: { totalCount: number } } }>(
    '{ viewer { conversationOffers { totalCount } } }',
  );
  return viewer.conversationOffers.totalCount;
};

const act = (person: Person, verb: string) =>
  outcome(person.query(`mutation ($id: ID!) { ${verb}(input: { id: $id }) { cursor } }`, { id }));

describe('adding people to a conversation', () => {
  test('lets a team mate read all messages at once, also live, with one event', async () => {
    await say(ada, id, 'Before');
    const events = await watchEvents(world, bob);
    expect(await count(add(ada, { participantIds: [bob.id] }))).toBe(2);
    expect(await count(add(ada, { participantIds: [bob.id], emails: [bob.email.toUpperCase()] }))).toBe(2);
    await events.until((told) => told.events.event?.kind === 'CONVERSATION_PARTICIPANT_ADDED');
    await say(ada, id, 'After');
    await events.until((told) => told.events.event?.kind === 'MESSAGE_SENT');
    const subjectId = uuidOf('Conversation', id);
    expect(await db.event.count({ where: { kind: 'conversation.participantAdded', subjectId } })).toBe(1);
  });

  test('[BR-15] offers it to others, who participate once they accept; an unknown address gives the same answer', async () => {
    const known = await add(ada, { emails: [cleo.email] });
    const unknown = await add(ada, { emails: ['no.one@example.com'] });
    expect(known).toEqual(unknown);
    await add(ada, { emails: [cleo.email] });
    expect(await offersTo(cleo)).toBe(1);
    expect(await outcome(say(cleo, id, 'Hello'))).toBe('NOT_FOUND');
    expect(await act(cleo, 'acceptConversation')).toBe('ok');
    expect(await outcome(say(cleo, id, 'Hello'))).toBe('ok');
    expect(await count(add(ada, { emails: [cleo.email] }))).toBe(2);
  });

  test('[BR-15] also offers a new conversation to an address, unless its account is not verified', async () => {
    const begin = (email: string) =>
      ada.query(
        'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { cursor } }',
        {
          input: { title: 'New', emails: [email, bob.email, ada.email] },
        },
      );
    const { dan } = await people('Dan');
    await begin(cleo.email);
    await begin(dan.email);
    expect([await offersTo(cleo), await offersTo(dan)]).toEqual([1, 0]);
    expect(await db.conversationParticipant.count({ where: { userId: uuidOf('User', bob.id) } })).toBe(2);
  });

  test('[BR-15] ignores an address with a hundred open offers, but refuses a known person with them', async () => {
    const [userId, offeredById] = [uuidOf('User', cleo.id), uuidOf('User', ada.id)];
    const conversations = Array.from({ length: 100 }, () => ({
      id: newId(),
      title: 'x',
      ownerId: offeredById,
    }));
    await db.conversation.createMany({ data: conversations });
    await db.conversationOffer.createMany({
      data: conversations.map((each) => ({ conversationId: each.id, userId, offeredById })),
    });
    expect(await outcome(add(ada, { emails: [cleo.email] }))).toBe('ok');
    expect(await offersTo(cleo)).toBe(100);
    const task = await db.task.create({ data: { title: 'Known', ownerId: offeredById } });
    await db.taskShare.create({ data: { taskId: task.id, sharedWithId: userId, sharedById: offeredById } });
    expect(await outcome(add(ada, { participantIds: [cleo.id] }))).toBe('CONFLICT');
  });

  test('[BR-08] is for the owner; for other people the conversation is NOT_FOUND, as is a person they cannot see', async () => {
    await add(ada, { participantIds: [bob.id] });
    expect(await outcome(add(bob, { emails: [cleo.email] }))).toBe('FORBIDDEN');
    expect(await outcome(add(cleo, { emails: [bob.email] }))).toBe('NOT_FOUND');
    expect(await outcome(add(ada, { participantIds: [cleo.id] }))).toBe('NOT_FOUND');
    expect(await outcome(add(ada, { participantIds: [publicId('User', newId())] }))).toBe('NOT_FOUND');
    expect(await outcome(add(ada, {}))).toBe('VALIDATION_FAILED');
    expect(await outcome(add(ada, { emails: ['nonsense'] }))).toBe('VALIDATION_FAILED');
  });

  test('ends at 51 participants, also by accepting an offer', async () => {
    await add(ada, { emails: [cleo.email] });
    const { id: teamId } = await teamOf(ada);
    const others = Array.from({ length: 50 }, () => {
      const uuid = newId();
      return { id: uuid, name: 'x', email: `${uuid}@example.com` };
    });
    await db.user.createMany({ data: others });
    await db.membership.createMany({
      data: others.map((other) => ({
        teamId: uuidOf('Team', teamId),
        userId: other.id,
        role: 'MEMBER' as const,
      })),
    });
    const participantIds = others.map((other) => publicId('User', other.id));
    expect(await count(add(ada, { participantIds }))).toBe(51);
    expect(await outcome(add(ada, { participantIds: [bob.id] }))).toBe('CONFLICT');
    expect(await act(cleo, 'acceptConversation')).toBe('CONFLICT');
    expect(await offersTo(cleo)).toBe(1);
  });

  test('lets a person come back who left, and leave again', async () => {
    await add(ada, { participantIds: [bob.id] });
    for (const round of ['One', 'Two']) {
      await say(bob, id, round);
      expect(await act(bob, 'leaveConversation')).toBe('ok');
      expect(await outcome(say(bob, id, 'Gone'))).toBe('NOT_FOUND');
      await add(ada, { participantIds: [bob.id] });
    }
    expect(await outcome(say(bob, id, 'Back'))).toBe('ok');
  });
});

test('deleting a conversation tells each participant once', async () => {
  await add(ada, { participantIds: [bob.id] });
  const events = await watchEvents(world, bob, { filter: { kinds: ['CONVERSATION_DELETED'] } });
  expect(await act(ada, 'deleteConversation')).toBe('ok');
  await events.until((told) => told.events.event?.kind === 'CONVERSATION_DELETED');
  for (const person of [ada, bob]) {
    const { activity } = await person.query<{ activity: { totalCount: number } }>(
      '{ activity(filter: { kind: { eq: CONVERSATION_DELETED } }) { totalCount } }',
    );
    expect(activity.totalCount).toBe(1);
  }
});
