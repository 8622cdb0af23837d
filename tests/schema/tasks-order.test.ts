import type { GraphQLEnumType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { TaskPriority, TaskStatus, type Prisma } from '../../prisma/generated/client/client.ts';
import { schema } from '../../schema/index.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { dice, type Dice } from '../kit/dice.ts';
import { LIST, orderColumns, someOrder, sorted, walk } from '../kit/task-order.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface Answer {
  tasks: {
    edges: { cursor: string; node: { id: string } }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
    totalCount: number;
  };
}

let ada: Person;

beforeAll(async () => {
  ({ ada } = await people('Ada'));
});

function someTask({ roll, pick, happens }: Dice): Prisma.TaskCreateManyInput {
  const moment = () => new Date(Date.UTC(2026, 0, 1 + roll(4), roll(2)));
  const day = () => new Date(Date.UTC(2026, 5, 1 + roll(4)));
  const status = pick(Object.values(TaskStatus));
  return {
    id: newId(),
    ownerId: uuidOf('User', ada.id),
    title: pick(['ant', 'bee', 'cat', 'dog']),
    status,
    priority: pick(Object.values(TaskPriority)),
    position: pick(['a0', 'a1', 'aV', 'b00', 'Zz']),
    dueOn: happens(0.4) ? null : day(),
    completedAt: status === 'DONE' ? moment() : null,
    createdAt: moment(),
    updatedAt: moment(),
  };
}

describe('a list of tasks in pages', () => {
  test('is tried in the order of each field', () => {
    const fields = (schema.getType('TaskOrderField') as GraphQLEnumType).getValues();
    expect(Object.keys(orderColumns).sort()).toEqual(fields.map(({ name }) => name).sort());
  });

  test.each(Array.from({ length: 24 }, (_, seed) => seed))(
    'of any size, in any order, in both directions, is the whole list (seed %i)',
    async (seed) => {
      const chance = dice(seed);
      await db.task.deleteMany();
      await db.task.createMany({ data: Array.from({ length: chance.roll(45) }, () => someTask(chance)) });
      const rows = await db.task.findMany();
      for (let round = 0; round < 3; round++) {
        const order = someOrder(chance);
        const pages = { size: 1 + chance.roll(20), forward: chance.happens(0.5) };
        expect(await walk(ada, order, pages), JSON.stringify({ order, pages })).toEqual(sorted(rows, order));
      }
    },
  );

  test.each(Array.from({ length: 12 }, (_, seed) => seed + 100))(
    'has each existing task once, while others are added, changed and deleted (seed %i)',
    async (seed) => {
      const chance = dice(seed);
      await db.task.deleteMany();
      await db.task.createMany({ data: Array.from({ length: 30 }, () => someTask(chance)) });
      const staying = await db.task.findMany();
      const leaving = Array.from({ length: 20 }, () => someTask(chance));
      await db.task.createMany({ data: leaving });
      const order = someOrder(chance);
      const touched = new Set<string>();
      const seen = await walk(ada, order, {
        size: 1 + chance.roll(6),
        forward: chance.happens(0.5),
        between: async () => {
          await db.task.createMany({ data: [someTask(chance), someTask(chance)] });
          const gone = leaving.splice(0, 2).map(({ id = '' }) => id);
          await db.task.deleteMany({ where: { id: { in: gone } } });
          const changed = leaving.slice(0, 3).map(({ id = '' }) => id);
          for (const id of changed) touched.add(publicId('Task', id));
          const { status = 'TODO', completedAt = null, dueOn = null } = someTask(chance);
          const archivedAt = chance.happens(0.3) ? new Date() : null;
          await db.task.updateMany({
            where: { id: { in: changed } },
            data: { status, completedAt, dueOn, archivedAt },
          });
        },
      });
      // A change can move a task behind the cursor.
      const others = seen.filter((id) => !touched.has(id));
      expect(new Set(others).size).toBe(others.length);
      const stayed = new Set(staying.map(({ id }) => publicId('Task', id)));
      expect(seen.filter((id) => stayed.has(id))).toEqual(sorted(staying, order));
    },
  );

  test('continues after a deleted task', async () => {
    const chance = dice(7);
    await db.task.deleteMany();
    await db.task.createMany({ data: Array.from({ length: 9 }, () => someTask(chance)) });
    const orderBy = [{ field: 'DUE_ON', direction: 'ASC' }] as const;
    const { tasks } = await ada.query<Answer>(LIST, { orderBy, first: 4 });
    const rest = sorted(await db.task.findMany(), orderBy).slice(4);
    const last = tasks.edges.at(-1)?.node.id ?? '';
    await db.task.delete({ where: { id: uuidOf('Task', last) } });
    const next = await ada.query<Answer>(LIST, { orderBy, after: tasks.pageInfo.endCursor });
    expect(next.tasks.edges.map(({ node }) => node.id)).toEqual(rest);
  });

  test('accepts a single order instead of a list', async () => {
    const answer = await ada.query<Answer>(LIST, { orderBy: { field: 'TITLE', direction: 'ASC' } });
    expect(answer.tasks.edges.map(({ node }) => node.id)).toEqual(
      sorted(await db.task.findMany(), [{ field: 'TITLE', direction: 'ASC' }]),
    );
  });

  test.each([
    ['a field that is named twice', { orderBy: [{ field: 'TITLE' }, { field: 'TITLE' }] }, 'orderBy'],
    ['a page of 101', { first: 101 }, 'first'],
    ['a page of less than nothing', { last: -1 }, 'last'],
    ['both ends at once', { first: 1, last: 1 }, 'last'],
    ['a cursor that is none', { after: 'nonsense' }, 'after'],
    [
      'a cursor of another order',
      { after: cursorOf(['updatedAt:desc,id:desc', '2026-01-01T00:00:00Z', newId()]) },
      'after',
    ],
    [
      'a time before the calendar',
      { before: cursorOf(['createdAt:desc,id:desc', '0000-01-01T00:00:00Z', newId()]) },
      'before',
    ],
    [
      'a cursor with a NUL',
      { orderBy: { field: 'TITLE' }, after: cursorOf(['title:desc,id:desc', '\0', newId()]) },
      'after',
    ],
  ])('rejects %s', async (_what, variables, field) => {
    await expect(ada.query(LIST, variables)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });
});

function cursorOf(values: unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}
