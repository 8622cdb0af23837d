import { beforeAll, expect, test } from 'vitest';
import { Prisma, type Task } from '../../../prisma/generated/client/client.ts';
import { newId } from '../../../server/ids.ts';
import { AUDITED } from '../../../server/log/catalogue.ts';
import {
  can,
  liveShareOf,
  seesEvent,
  seesTask,
  sharableBy,
  visible,
  type Viewer,
} from '../../../server/policy.ts';
import { findEvents } from '../../../server/sql/activity.ts';
import type { Scope } from '../../../server/sql/counter-scope.ts';
import { visibleSql } from '../../../server/sql/visible.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { connect } from '../../../server/database/client.ts';
import { dice } from '../../kit/dice.ts';
import { freshDatabase } from '../../kit/database.ts';

const db = connect(await freshDatabase());
const { pick, happens } = dice(5);

const EVENTS = 1_000;

const users = Array.from({ length: 8 }, newId);
const teams = Array.from({ length: 5 }, newId);
const conversations = Array.from({ length: 12 }, newId);

beforeAll(async () => {
  await db.user.createMany({
    data: users.map((id, n) => ({
      id,
      name: `${n}`,
      email: `${n}@example.org`,
      emailVerified: true,
      updatedAt: new Date(),
    })),
  });
  await db.team.createMany({ data: teams.map((id, n) => ({ id, name: `Team ${n}`, slug: `team-${n}` })) });
  await db.membership.createMany({
    data: teams.flatMap((teamId) =>
      users
        .filter(() => happens(0.3))
        .map((userId) => ({ teamId, userId, role: pick(['ADMIN', 'MEMBER', 'VIEWER']) })),
    ),
  });
  const tasks = Array.from({ length: 150 }, (_, n) => ({
    id: newId(),
    title: `Task ${n}`,
    position: 'a0',
    ownerId: pick(users),
    assigneeId: happens(0.5) ? pick(users) : null,
    teamId: happens(0.5) ? pick(teams) : null,
  }));
  await db.task.createMany({ data: tasks });
  await db.taskShare.createMany({
    data: tasks.flatMap(({ id, ownerId }) =>
      users
        .filter((user) => user !== ownerId && happens(0.1))
        .map((user) => ({
          taskId: id,
          sharedWithId: user,
          sharedById: ownerId,
          permission: pick(['VIEW', 'EDIT']),
          expiresAt: pick([null, new Date(0), new Date('2999-01-01')]),
        })),
    ),
  });
  await db.conversation.createMany({
    data: conversations.map((id) => ({ id, title: 'Talk', ownerId: pick(users) })),
  });
  await db.conversationParticipant.createMany({
    data: conversations.flatMap((conversationId) =>
      users.filter(() => happens(0.3)).map((userId) => ({ conversationId, userId })),
    ),
  });
  await db.message.createMany({
    data: Array.from({ length: 60 }, () => ({
      conversationId: pick(conversations),
      role: 'USER',
      content: 'x',
    })),
  });
  const maybe = (ids: readonly string[]) => (happens(0.5) ? pick(ids) : null);
  await db.event.createMany({
    data: Array.from({ length: EVENTS }, () => ({
      kind: pick([
        ...AUDITED,
        'task.updated',
        'task.shared',
        'task.shareRevoked',
        'comment.added',
        'message.sent',
      ]),
      actorId: maybe(users),
      personId: maybe(users),
      teamId: maybe(teams),
      subjectId: maybe(tasks.map(({ id }) => id)),
      conversationId: maybe(conversations),
    })),
  });
});

test.each(users.map((userId, n) => ({ n, userId })))(
  '[FR-009] [FR-027] person $n reads the same events by a query as by checking single events',
  async ({ n, userId }) => {
    const viewer = await viewerOf(db, { userId, limit: null }, new Set(['7@example.org']));
    expect(viewer.isAdmin).toBe(n === 7);
    const participations = await db.conversationParticipant.findMany({ where: { userId } });
    const conversations = participations.map(({ conversationId }) => conversationId);
    const reader = { viewer, conversationIds: conversations };
    const found = await findEvents(db, reader, { where: {}, oldestFirst: true, limit: EVENTS });
    const all = await db.event.findMany();
    const shares = await sharesOf(viewer);
    const seen = all.filter((event) =>
      seesEvent(viewer, new Set(conversations), event, shares.has(event.subjectId ?? '')),
    );
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.length).toBeLessThan(all.length);
    expect(new Set(seen.map(({ sequence }) => sequence))).toEqual(new Set(found));
  },
);

/** The viewer's active shares, by task. */
async function sharesOf(viewer: Viewer) {
  const shares = await db.taskShare.findMany({ where: liveShareOf(viewer) });
  return new Map(shares.map(({ taskId, permission }) => [taskId, permission]));
}

async function idsOf(table: Prisma.Sql, condition: Prisma.Sql): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`SELECT id FROM ${table} WHERE ${condition}`;
  return rows.map(({ id }) => id).sort();
}

test.each(users.map((userId, n) => ({ n, userId })))(
  '[FR-009] person $n sees the same tasks and messages by Prisma, by SQL, and by checking single tasks',
  async ({ userId }) => {
    const viewer: Viewer = await viewerOf(db, { userId, limit: null });
    const tasks = await db.task.findMany({ where: visible.task(viewer) });
    const ids = tasks.map(({ id }) => id).sort();
    expect(ids.length).toBeGreaterThan(5);
    expect(await idsOf(Prisma.sql`tasks`, visibleSql.task(viewer))).toEqual(ids);
    expect(await idsOf(Prisma.sql`${visibleSql.tasks(viewer)} AS tasks`, Prisma.sql`true`)).toEqual(ids);
    const scopes: { scope: Scope; holds: (task: Task) => boolean }[] = [
      { scope: { teamId: null, by: 'owner' }, holds: ({ ownerId }: Task) => ownerId === userId },
      { scope: { teamId: null, by: 'assignee' }, holds: ({ assigneeId }: Task) => assigneeId === userId },
      {
        scope: { teamId: null, by: 'either' },
        holds: ({ ownerId, assigneeId }: Task) => ownerId === userId || assigneeId === userId,
      },
      ...teams.map((id) => ({
        scope: { teamId: id, by: 'owner' as const },
        holds: ({ teamId }: Task) => teamId === id && viewer.teams.has(id),
      })),
    ];
    for (const { scope, holds } of scopes) {
      const of = Prisma.sql`${visibleSql.tasks(viewer, scope)} AS tasks`;
      const expected = tasks.filter(holds).map(({ id }) => id);
      expect(await idsOf(of, Prisma.sql`true`)).toEqual(expected.sort());
    }
    const all = await db.task.findMany();
    const shares = await sharesOf(viewer);
    expect(
      all
        .filter((task) => seesTask(viewer, { ...task, share: shares.get(task.id) ?? null }))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids);
    const sharable = await db.task.findMany({ where: sharableBy(viewer), select: { id: true } });
    expect(sharable.map(({ id }) => id).sort()).toEqual(
      all
        .filter((task) => can(viewer, 'task.share', task))
        .map(({ id }) => id)
        .sort(),
    );
    const messages = await db.message.findMany({ where: visible.message(viewer) });
    expect(await idsOf(Prisma.sql`messages`, visibleSql.message(viewer))).toEqual(
      messages.map(({ id }) => id).sort(),
    );
  },
);

test('[FR-009] [FR-026] a person without teams and shares sees only their own tasks', async () => {
  const id = newId();
  await db.user.create({ data: { id, name: 'New', email: 'new@example.org' } });
  const viewer = await viewerOf(db, { userId: id, limit: null });
  expect(await idsOf(Prisma.sql`tasks`, visibleSql.task(viewer))).toEqual([]);
  const task = await db.task.create({ data: { title: 'Own', position: 'a0', ownerId: id } });
  expect(await idsOf(Prisma.sql`tasks`, visibleSql.task(viewer))).toEqual([task.id]);
});
