import { beforeAll, describe, expect, test } from 'vitest';
import type { Prisma } from '../../../prisma/generated/client/client.ts';
import { connect } from '../../../server/database/client.ts';
import { newId } from '../../../server/ids.ts';
import { liveShareOf, seesEvent } from '../../../server/policy.ts';
import { countEvents, findEvents, type Reader } from '../../../server/sql/activity.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { freshDatabase } from '../../kit/database.ts';
import { dice } from '../../kit/dice.ts';

const db = connect(await freshDatabase());
const { pick, happens } = dice(11);

const EVENTS = 3_000;
const KINDS = [
  'task.created',
  'task.shared',
  'task.updated',
  'team.deleted',
  'team.memberLeft',
  'team.memberRemoved',
  'access.refused',
  'session.started',
  'message.sent',
];

const users = Array.from({ length: 6 }, newId);
const teams = Array.from({ length: 4 }, newId);
const conversations = Array.from({ length: 8 }, newId);
const tasks = Array.from({ length: 20 }, newId);

beforeAll(async () => {
  await db.user.createMany({
    data: users.map((id, n) => ({ id, name: `${n}`, email: `${n}@example.org`, updatedAt: new Date() })),
  });
  await db.team.createMany({ data: teams.map((id, n) => ({ id, name: `Team ${n}`, slug: `team-${n}` })) });
  const pairs = <Other>(others: readonly Other[], chance: number) =>
    users.flatMap((userId) => others.filter(() => happens(chance)).map((other) => [userId, other] as const));
  await db.membership.createMany({
    data: pairs(teams, 0.4).map(([userId, teamId]) => ({ userId, teamId, role: 'MEMBER' })),
  });
  await db.task.createMany({ data: tasks.map((id) => ({ id, title: 'Task', ownerId: pick(users) })) });
  const owners = new Map((await db.task.findMany()).map(({ id, ownerId }) => [id, ownerId]));
  await db.taskShare.createMany({
    data: pairs(tasks, 0.2)
      .filter(([sharedWithId, taskId]) => owners.get(taskId) !== sharedWithId)
      .map(([sharedWithId, taskId]) => ({ sharedWithId, taskId, sharedById: owners.get(taskId) ?? '' })),
  });
  await db.conversation.createMany({
    data: conversations.map((id) => ({ id, title: 'Talk', ownerId: pick(users) })),
  });
  await db.conversationParticipant.createMany({
    data: pairs(conversations, 0.3).map(([userId, conversationId]) => ({ userId, conversationId })),
  });
  const maybe = <Value>(values: readonly Value[]) => (happens(0.5) ? pick(values) : null);
  await db.event.createMany({
    data: Array.from({ length: EVENTS }, (_, n) => ({
      at: new Date(Date.UTC(2026, 0, 1) + n * 60_000),
      kind: pick(KINDS),
      actorId: maybe(users),
      personId: maybe(users),
      teamId: maybe(teams),
      subjectId: maybe(tasks),
      conversationId: happens(0.2) ? pick(conversations) : null,
    })),
  });
});

async function readerOf(userId: string, isAdmin: boolean): Promise<Reader> {
  const participations = await db.conversationParticipant.findMany({ where: { userId } });
  return {
    viewer: { ...(await viewerOf(db, { userId, limit: null })), isAdmin },
    conversationIds: participations.map(({ conversationId }) => conversationId),
  };
}

/** Filters with the shapes that the API produces, one per run. */
function wanted(): Prisma.EventWhereInput {
  const atoms: Prisma.EventWhereInput[] = [
    { kind: { in: [pick(KINDS), pick(KINDS)] } },
    { kind: { equals: pick(KINDS) } },
    { NOT: { kind: { in: [pick(KINDS)] } } },
    { at: { gt: new Date(Date.UTC(2026, 0, 1, pick([0, 10, 40]))) } },
    { at: { lt: new Date(Date.UTC(2026, 0, 1, pick([5, 20, 45]))) } },
    { AND: [{ actorId: { not: null } }, { actorId: pick(users) }] },
    { NOT: { AND: [{ subjectId: { not: null } }, { subjectId: pick(tasks) }] } },
    { teamId: { in: [pick(teams), pick(teams)] } },
    { teamId: null },
    { sequence: { in: [] } },
    { NOT: { sequence: { in: [] } } },
  ];
  const [one, other] = [pick(atoms), pick(atoms)];
  return pick([one, { AND: [one, other] }, { OR: [one, other] }, { AND: [one, { NOT: { OR: [other] } }] }]);
}

describe.each(users.map((userId, n) => ({ n, userId })))('[FR-009] person $n', ({ userId }) => {
  test.each(['', ' as an administrator'])(
    'reads the same activity%s by topics as event by event',
    async (admin) => {
      const reader = await readerOf(userId, admin !== '');
      const shares = await db.taskShare.findMany({ where: liveShareOf(reader.viewer) });
      const shared = new Set<string | null>(shares.map(({ taskId }) => taskId));
      const conversations = new Set(reader.conversationIds);
      const all = (await db.event.findMany({ orderBy: { sequence: 'desc' } })).filter((event) =>
        seesEvent(reader.viewer, conversations, event, shared.has(event.subjectId)),
      );
      const seen = { sequence: { in: all.map(({ sequence }) => sequence) } };
      expect(all.length).toBeGreaterThan(EVENTS / 10);
      expect(all.length).toBeLessThan(EVENTS);
      const found = await findEvents(db, reader, { where: {}, oldestFirst: false, limit: EVENTS });
      expect(found).toEqual(all.map(({ sequence }) => sequence));
      for (let turn = 0; turn < 25; turn += 1) {
        const where = wanted();
        const [oldestFirst, limit] = [happens(0.5), pick([1, 7, 101])];
        const rows = await db.event.findMany({
          where: { AND: [seen, where] },
          orderBy: { sequence: oldestFirst ? 'asc' : 'desc' },
          take: limit,
        });
        expect(await findEvents(db, reader, { where, oldestFirst, limit }), JSON.stringify(where)).toEqual(
          rows.map(({ sequence }) => sequence),
        );
        const count = await db.event.count({ where: { AND: [seen, where] } });
        expect(await countEvents(db, reader, { where }, EVENTS)).toBe(count);
        expect(await countEvents(db, reader, { where }, 5)).toBe(Math.min(count, 5));
      }
    },
  );
});

test('a filter that Prisma supports and the API does not is rejected', async () => {
  const reader = await readerOf(users[0] ?? '', false);
  for (const where of [{ conversationId: users[1] }, { kind: { startsWith: 'task' } }]) {
    await expect(findEvents(db, reader, { where, oldestFirst: false, limit: 1 })).rejects.toThrow(TypeError);
  }
});
