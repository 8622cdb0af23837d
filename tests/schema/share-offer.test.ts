import { beforeEach, describe, expect, test } from 'vitest';
import { deleteExpiredOffers } from '../../server/log/retention.ts';
import { uuidOf } from '../../server/ids.ts';
import { watchEvents } from '../kit/live.ts';
import { acceptShare, giveShare, offerShare, secretOf, type Sharing } from '../kit/shares.ts';
import { accept, invite, outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

const DAY_MS = 24 * 60 * 60_000;
/** An address without an account. */
const UNKNOWN = 'zoe@example.com';

let ada: Person;
let bob: Person;
let eve: Person;
let task: string;
beforeEach(async () => {
  ({ ada, bob, eve } = await people('Ada', 'Bob', 'Eve'));
  task = await ada.createTask('Plan the party', { description: 'At the lake' });
});

const uuid = ({ id }: Person) => uuidOf('User', id);

interface Offer {
  id: string;
  taskTitle: string;
  task: { id: string } | null;
  offeredByName: string;
  receiver: string | null;
  permission: string;
}

const OFFER = 'id taskTitle task { id } offeredByName receiver permission';

async function offersTo(person: Person): Promise<Offer[]> {
  const { viewer } = await person.query<{
    viewer: { shareOffers: { nodes: Offer[]; totalCount: number } };
  }>(`{ viewer { shareOffers(first: 100) { nodes { ${OFFER} } totalCount } } }`);
  expect(viewer.shareOffers.totalCount).toBe(viewer.shareOffers.nodes.length);
  return viewer.shareOffers.nodes;
}

async function offersOf(person: Person, id: string): Promise<Offer[]> {
  const answer = await person.query<{ task: { shareOffers: { nodes: Offer[] } } }>(
    `query ($id: ID!) { task(id: $id) { shareOffers { nodes { ${OFFER} } } } }`,
    { id },
  );
  return answer.task.shareOffers.nodes;
}

async function byLink(person: Person, link: string | null): Promise<Offer> {
  const { shareOffer } = await person.query<{ shareOffer: Offer }>(
    `query ($secret: String!) { shareOffer(secret: $secret) { ${OFFER} } }`,
    { secret: secretOf(link) },
  );
  return shareOffer;
}

async function offerById(from: Person, to: Person, taskId: string): Promise<Sharing> {
  const { shareTask } = await from.query<{ shareTask: Sharing }>(
    'mutation ($input: ShareTaskInput!) { shareTask(input: $input) { share { id } offer { id } link } }',
    { input: { taskId, userId: to.id } },
  );
  return shareTask;
}

/** Makes two people visible to each other without a common team. */
async function acquaint(one: Person, other: Person): Promise<void> {
  await giveShare(one, other, await one.createTask('Known to both'));
}

async function send(person: Person, verb: string, input: object): Promise<unknown> {
  const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
  return person.query(`mutation ($input: ${type}!) { ${verb}(input: $input) { cursor } }`, { input });
}

async function block(person: Person, who: object): Promise<string> {
  const { blockPerson } = await person.query<{ blockPerson: { block: { id: string } } }>(
    'mutation ($input: BlockPersonInput!) { blockPerson(input: $input) { block { id } } }',
    { input: who },
  );
  return blockPerson.block.id;
}

const read = (person: Person, id: string) =>
  outcome(person.query('query ($id: ID!) { task(id: $id) { title } }', { id }));

async function sharedCount(person: Person): Promise<number> {
  const { dashboard } = await person.query<{ dashboard: { statistics: { shared: number } } }>(
    '{ dashboard { statistics { shared } } }',
  );
  return dashboard.statistics.shared;
}

async function verify(person: Person): Promise<void> {
  await db.user.update({ where: { id: uuid(person) }, data: { emailVerified: true } });
}

describe('a share between strangers', () => {
  test('[BR-15] is an offer: the task is neither visible nor counted until the receiver accepts it by its link', async () => {
    const { share, offer, link } = await offerShare(ada, bob.email, task, { permission: 'EDIT' });
    expect(share).toBeNull();
    expect(link).toMatch(new RegExp(`^${world.url}/offer#[\\w-]{43}$`));
    expect(await read(bob, task)).toBe('NOT_FOUND');
    expect(await sharedCount(bob)).toBe(0);
    expect(await byLink(bob, link)).toEqual({
      id: offer?.id,
      taskTitle: 'Plan the party',
      task: null,
      offeredByName: 'Ada',
      receiver: null,
      permission: 'EDIT',
    });
    expect(await offersOf(ada, task)).toMatchObject([
      { id: offer?.id, receiver: bob.email, task: { id: task } },
    ]);

    const id = await acceptShare(bob, { secret: secretOf(link) });
    expect(await read(bob, task)).toBe('ok');
    expect(await sharedCount(bob)).toBe(1);
    expect(await offersOf(ada, task)).toEqual([]);
    const { node } = await ada.query<{ node: unknown }>(
      'query ($id: ID!) { node(id: $id) { ... on TaskShare { permission sharedWith { name } sharedBy { name } } } }',
      { id },
    );
    expect(node).toEqual({ permission: 'EDIT', sharedWith: { name: 'Bob' }, sharedBy: { name: 'Ada' } });
    await expect(acceptShare(eve, { secret: secretOf(link) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-15] is a share at once if they have a common team, and replaces an open offer', async () => {
    const { link } = await offerShare(ada, bob.email, task);
    await teamOf(ada, [[bob, 'VIEWER']]);
    expect(await offerShare(ada, bob.email, task)).toMatchObject({ offer: null, link: null });
    expect(await read(bob, task)).toBe('ok');
    await expect(byLink(bob, link)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-15] by `userId` is listed for that person, who can accept or refuse it twice without effect', async () => {
    await acquaint(ada, bob);
    const first = await offerById(ada, bob, task);
    expect(first).toMatchObject({ share: null, link: null });
    expect(await offersTo(bob)).toMatchObject([{ id: first.offer?.id, offeredByName: 'Ada', task: null }]);
    expect(await offersTo(eve)).toEqual([]);
    expect(await offersOf(ada, task)).toMatchObject([{ receiver: 'Bob' }]);
    const id = first.offer?.id ?? '';
    expect(await acceptShare(bob, { id })).toBe(await acceptShare(bob, { id }));

    const another = await ada.createTask('Bake the cake');
    const second = (await offerById(ada, bob, another)).offer?.id;
    await send(bob, 'refuseShare', { id: second });
    await send(bob, 'refuseShare', { id: second });
    expect(await offersTo(bob)).toEqual([]);
    expect(await read(bob, another)).toBe('NOT_FOUND');
  });

  test('[BR-15] by an address is listed only for an account that has verified it (INVITE-SQUAT)', async () => {
    const { offer } = await offerShare(ada, bob.email, task);
    expect(await offersTo(bob)).toEqual([]);
    expect(await outcome(acceptShare(bob, { id: offer?.id ?? '' }))).toBe('NOT_FOUND');
    await verify(bob);
    expect(await offersTo(bob)).toMatchObject([{ id: offer?.id }]);
    await acceptShare(bob, { id: offer?.id ?? '' });
    expect(await read(bob, task)).toBe('ok');
  });

  test('[BR-15] is renewed by offering again, with the new terms, and only the new link works', async () => {
    const first = await offerShare(ada, bob.email, task);
    const second = await offerShare(ada, bob.email, task, { permission: 'EDIT' });
    expect(second.offer?.id).toBe(first.offer?.id);
    await expect(byLink(bob, first.link)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await byLink(bob, second.link)).toMatchObject({ permission: 'EDIT' });
  });

  test('[BR-15] cannot be accepted once it is revoked or expired, or after the end of its share', async () => {
    const revoked = await offerShare(ada, bob.email, task);
    await send(ada, 'revokeShareOffer', { id: revoked.offer?.id });
    await send(ada, 'revokeShareOffer', { id: revoked.offer?.id });
    const late = await offerShare(ada, UNKNOWN, task);
    await db.shareOffer.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
    for (const { link } of [revoked, late])
      expect(await outcome(acceptShare(bob, { secret: secretOf(link) }))).toBe('NOT_FOUND');
    expect(await offersOf(ada, task)).toEqual([]);

    const { offer } = await offerShare(ada, UNKNOWN, task, { expiresAt: new Date(Date.now() + DAY_MS) });
    const row = await db.shareOffer.findUniqueOrThrow({
      where: { id: uuidOf('ShareOffer', offer?.id ?? '') },
    });
    expect(row.expiresAt).toEqual(row.shareExpiresAt);
  });

  test('[BR-15] is deleted once it has expired, and others stay', async () => {
    const { offer } = await offerShare(ada, bob.email, task);
    await offerShare(ada, UNKNOWN, task);
    const id = uuidOf('ShareOffer', offer?.id ?? '');
    await db.shareOffer.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await deleteExpiredOffers(db)).toBeGreaterThan(0);
    expect(await db.shareOffer.count({ where: { id } })).toBe(0);
    expect(await offersOf(ada, task)).toMatchObject([{ receiver: UNKNOWN }]);
    expect(await deleteExpiredOffers(db)).toBe(0);
  });

  test('[BR-15] [BR-18] of a task that its sender may no longer share is NOT_FOUND, and shows no later title', async () => {
    const team = await teamOf(eve, [[ada, 'ADMIN']]);
    const common = await eve.createTask('Harmless', { teamId: team.id });
    const { link } = await offerShare(ada, bob.email, common, { permission: 'EDIT' });
    await send(eve, 'removeMember', { id: team.memberships.get(ada.id) });
    await send(eve, 'updateTask', { id: common, title: 'Secret' });
    expect(await byLink(bob, link)).toMatchObject({ taskTitle: 'Harmless' });
    expect(await outcome(acceptShare(bob, { secret: secretOf(link) }))).toBe('NOT_FOUND');
    expect(await read(bob, common)).toBe('NOT_FOUND');

    const { link: another } = await offerShare(ada, bob.email, task);
    await send(ada, 'deleteTask', { id: task });
    expect(await outcome(acceptShare(bob, { secret: secretOf(another) }))).toBe('NOT_FOUND');
  });

  test('[BR-15] is one share if two people accept it concurrently', async () => {
    const { link } = await offerShare(ada, bob.email, task);
    const ends = await Promise.all(
      [bob, eve].map((person) => outcome(acceptShare(person, { secret: secretOf(link) }))),
    );
    expect(ends.sort()).toEqual(['NOT_FOUND', 'ok']);
    expect(await db.taskShare.count({ where: { taskId: uuidOf('Task', task) } })).toBe(1);
  });

  test('[BR-06] [BR-15] with a member of the team does not outlast their membership', async () => {
    const team = await teamOf(ada);
    const common = await ada.createTask('Move house', { teamId: team.id });
    await acquaint(ada, bob);
    await offerById(ada, bob, common);
    await accept(bob, await invite(ada, team.id, bob.email, 'MEMBER'));
    await send(bob, 'leaveTeam', { teamId: team.id });
    expect(await offersTo(bob)).toEqual([]);
  });
});

describe('a hostile sender', () => {
  /** Ada's answers and events about an address, without ids, times and secrets. */
  async function received(email: string): Promise<string> {
    const id = await ada.createTask('Plan the party');
    const answers = [
      await ada.query(
        `mutation ($input: ShareTaskInput!) { shareTask(input: $input) {
           share { id sharedWith { id name timezone } }
           offer { id taskTitle offeredByName receiver permission shareExpiresAt expiresAt createdAt task { id shares { totalCount } } }
           link cursor
         } }`,
        { input: { taskId: id, email } },
      ),
      await ada.query(
        'query ($id: ID!) { task(id: $id) { shares { totalCount } shareOffers { totalCount nodes { receiver } } } }',
        { id },
      ),
      await ada.query(
        `{ activity(first: 1) { nodes { kind actor { name } person { name } subject { id } changes { field after } } } }`,
      ),
    ];
    return JSON.stringify(answers)
      .replaceAll(email, 'the address')
      .replaceAll(/"[a-z]+_[0-9a-z]{26}"/g, '"id"')
      .replaceAll(/#[\w-]{43}/g, '#secret')
      .replaceAll(/"cursor":"[^"]+"/g, '"cursor"')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'moment');
  }

  test('[BR-15] cannot learn from answers and events whether an address has an account, verified or not (M11)', async () => {
    const verified = (await people('Fay')).fay;
    await verify(verified);
    const events = await watchEvents(world, ada);
    const answers = [await received(UNKNOWN), await received(bob.email), await received(verified.email)];
    expect(answers[0]).toContain('the address');
    expect(new Set(answers).size).toBe(1);
    await events.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_OFFERED');
    const rows = await db.event.findMany({ where: { kind: 'task.shareOffered', actorId: uuid(ada) } });
    expect(rows.map(({ personId }) => personId)).toEqual([null, null, null]);
  });

  test('[BR-15] can have 100 open offers to one receiver, whether the address has an account or not (H6)', async () => {
    const owner = uuid(ada);
    for (const email of [bob.email, UNKNOWN]) {
      const taskIds = await plantTasks(100);
      await db.shareOffer.createMany({
        data: taskIds.map((taskId, n) => ({
          taskId,
          offeredById: owner,
          email,
          title: 'Flood',
          secretHash: Buffer.from(`${email} ${n}`),
          expiresAt: new Date(Date.now() + DAY_MS),
        })),
      });
      await expect(offerShare(ada, email, task)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: 'This person has 100 unanswered offers from you. Revoke an offer, or wait for an answer.',
      });
      const [oldest] = await db.shareOffer.findMany({ where: { offeredById: owner, email }, take: 1 });
      await db.shareOffer.delete({ where: { id: oldest?.id ?? '' } });
      await offerShare(ada, email, task);
      await expect(offerShare(ada, email, await ada.createTask('One more'))).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    }
    expect(await offersTo(bob)).toEqual([]);
    expect(await sharedCount(bob)).toBe(0);
    await verify(bob);
    expect(await offersTo(bob)).toHaveLength(100);
    expect(await sharedCount(bob)).toBe(0);
  });

  async function plantTasks(count: number): Promise<string[]> {
    const rows = await db.task.createManyAndReturn({
      data: Array.from({ length: count }, () => ({ title: 'Flood', ownerId: uuid(ada) })),
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }

  test('[BR-15] gets the same answers when they are blocked, and no longer reaches the receiver (M11)', async () => {
    await acquaint(ada, bob);
    await acquaint(eve, bob);
    const open = (await offerById(ada, bob, task)).offer?.id ?? '';
    await block(bob, { offerId: open });
    expect(await offersTo(bob)).toEqual([]);
    expect(await outcome(acceptShare(bob, { id: open }))).toBe('NOT_FOUND');
    expect(await offersOf(ada, task)).toMatchObject([{ id: open }]);

    const later = await ada.createTask('Bake the cake');
    const events = await watchEvents(world, bob);
    const answer = await offerById(ada, bob, later);
    expect(answer).toEqual({ share: null, link: null, offer: { id: expect.any(String) as string } });
    expect(await offersOf(ada, later)).toMatchObject([{ receiver: 'Bob', offeredByName: 'Ada' }]);
    const { link } = await offerShare(ada, bob.email, later);
    await expect(byLink(bob, link)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await outcome(acceptShare(bob, { secret: secretOf(link) }))).toBe('NOT_FOUND');
    expect(await offersTo(bob)).toEqual([]);

    await offerById(eve, bob, await eve.createTask('Not blocked'));
    await events.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_OFFERED');
    const kinds = events.told.map(({ events: { event } }) => event?.kind);
    expect(kinds.filter((kind) => kind === 'TASK_SHARE_OFFERED')).toHaveLength(1);
    expect(await offersTo(bob)).toMatchObject([{ offeredByName: 'Eve' }]);
  });
});

describe('blocking', () => {
  interface Blocks {
    viewer: { blockedPeople: { nodes: { id: string; name: string }[] } };
  }
  const blocked = async (person: Person) =>
    (await person.query<Blocks>('{ viewer { blockedPeople { nodes { id name } } } }')).viewer.blockedPeople
      .nodes;

  test('[BR-15] by a link, also twice, is listed for the blocker only, and can be ended twice', async () => {
    const { link } = await offerShare(ada, bob.email, task);
    const id = await block(bob, { secret: secretOf(link) });
    await acquaint(eve, bob);
    expect(await blocked(bob)).toEqual([{ id, name: 'Ada' }]);
    for (const other of [ada, eve])
      expect(await other.query('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
    const events = await db.event.findMany({
      where: { kind: 'user.blocked' },
      orderBy: { sequence: 'desc' },
    });
    expect(events[0]).toMatchObject({ actorId: uuid(bob), personId: null, teamId: null });

    await send(bob, 'unblockPerson', { id });
    await send(bob, 'unblockPerson', { id });
    expect(await blocked(bob)).toEqual([]);
    expect(await byLink(bob, link)).toMatchObject({ offeredByName: 'Ada' });
  });

  test('[BR-15] ends no accepted share, and requires more than an id', async () => {
    await giveShare(ada, bob, task);
    expect(await block(bob, { userId: ada.id })).toBe(await block(bob, { userId: ada.id }));
    expect(await read(bob, task)).toBe('ok');
    expect(await outcome(block(bob, { userId: eve.id }))).toBe('NOT_FOUND');
    expect(await outcome(block(bob, { userId: bob.id }))).toBe('VALIDATION_FAILED');
    expect(await outcome(block(bob, {}))).toBe('VALIDATION_FAILED');
  });
});

describe('events of an offer', () => {
  test('[FR-021] [BR-15] reach the receiver live, without the task; the sender and the team get the answer', async () => {
    await acquaint(ada, bob);
    const team = await teamOf(ada, [[eve, 'VIEWER']]);
    const common = await ada.createTask('Move house', { teamId: team.id });
    const [ofAda, ofBob, ofEve] = await Promise.all(
      [ada, bob, eve].map((person) => watchEvents(world, person)),
    );
    const { offer } = await offerById(ada, bob, common);
    const offered = await ofBob?.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_OFFERED');
    expect(offered?.events.event?.task).toBeNull();
    await acceptShare(bob, { id: offer?.id ?? '' });
    for (const told of [ofAda, ofBob, ofEve])
      await told?.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_ACCEPTED');

    const another = (await offerById(ada, bob, task)).offer?.id ?? '';
    await send(bob, 'refuseShare', { id: another });
    for (const told of [ofAda, ofBob])
      await told?.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_REFUSED');
    const third = (await offerById(ada, bob, task)).offer?.id ?? '';
    await send(ada, 'revokeShareOffer', { id: third });
    await ofBob?.until(({ events: { event } }) => event?.kind === 'TASK_SHARE_OFFER_REVOKED');
  });
});
