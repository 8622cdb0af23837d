import { beforeAll, describe, expect, test } from 'vitest';
import {
  dueChoices,
  filterOf,
  priorityNames,
  taskFilters,
  taskOrders,
  taskSources,
  usualView,
  type TaskView,
} from '../../client/src/lib/task/task-view.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { statementsOf } from '../kit/statements.ts';
import { plantTasks } from '../kit/tasks.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

let ada: Person;
let bob: Person;
let cara: Person;
const team = newId();

const uuid = (person: Person) => uuidOf('User', person.id);

beforeAll(async () => {
  ({ ada, bob, cara } = await people('Ada', 'Bob', 'Cara'));
  await db.team.create({ data: { id: team, name: 'Kitchen', slug: 'kitchen' } });
  await db.membership.createMany({
    data: [
      { teamId: team, userId: uuid(bob), role: 'OWNER' },
      { teamId: team, userId: uuid(ada), role: 'MEMBER' },
    ],
  });
  const tasks = Array.from({ length: 60 }, (_, n) => ({
    id: newId(),
    title: `Task ${n}`,
    position: 'a0',
    labels: ['home', `label ${n}`],
    ownerId: uuid(n % 2 ? ada : bob),
    assigneeId: n % 3 ? uuid(ada) : null,
    teamId: n % 2 ? null : team,
  }));
  await plantTasks(db, tasks);
  await db.task.updateMany({ where: { title: 'Task 3' }, data: { parentId: tasks[1]?.id ?? null } });
  await db.taskShare.createMany({
    data: tasks.map(({ id, ownerId }) => ({ taskId: id, sharedWithId: uuid(cara), sharedById: ownerId })),
  });
});

const LIST = `query ($first: Int!) {
  tasks(first: $first) {
    nodes {
      id title labels
      owner { id name } assignee { id name } team { id name }
      shares(first: 5) { nodes { id permission sharedWith { id name } } }
      viewerCan { edit comment delete share move }
    }
  }
}`;

interface Listed {
  tasks: { nodes: { title: string; shares: { nodes: unknown[] } }[]; totalCount: number };
}

const VIEW = LIST.replace(
  '$first: Int!',
  '$first: Int!, $filter: TaskFilter, $orderBy: [TaskOrder!]',
).replace('first: $first', 'first: $first, filter: $filter, orderBy: $orderBy');

/** Each choice of the dashboard, and one of each kind together. */
const VIEWS: [name: string, view: TaskView][] = [
  ...Object.keys(taskFilters).map((show) => ['show', show] as const),
  ...Object.keys(taskOrders).map((order) => ['order', order] as const),
  ...[...Object.keys(taskSources), publicId('Team', team)].map((source) => ['source', source] as const),
  ...Object.keys(dueChoices).map((due) => ['due', due] as const),
  ...priorityNames.map((priority) => ['priority', priority] as const),
  ['find', 'task'] as const,
].map(([choice, value]) => [`${choice}: ${value}`, { ...usualView, [choice]: value }]);
VIEWS.push([
  'all together',
  {
    ...usualView,
    show: 'all',
    source: 'assigned',
    due: 'week',
    priority: 'HIGH',
    find: 'task',
  },
]);

describe('[FR-014] a list of tasks', () => {
  test('with people, team, shares and rights takes two statements, for any length', async () => {
    await ada.query('{ viewer { id } }');
    let answer: Listed | undefined;
    const short = await statementsOf(() => ada.query(LIST, { first: 1 }));
    const long = await statementsOf(async () => {
      answer = await ada.query<Listed>(LIST, { first: 50 });
    });
    expect(answer?.tasks.nodes).toHaveLength(50);
    expect(answer?.tasks.nodes[0]).toEqual({
      id: expect.stringMatching(/^task_/) as string,
      title: 'Task 59',
      labels: ['home', 'label 59'],
      owner: { id: ada.id, name: 'Ada' },
      assignee: { id: ada.id, name: 'Ada' },
      team: null,
      shares: {
        nodes: [
          { id: expect.any(String) as string, permission: 'VIEW', sharedWith: { id: cara.id, name: 'Cara' } },
        ],
      },
      viewerCan: { edit: true, comment: true, delete: true, share: true, move: true },
    });
    expect(answer?.tasks.nodes[1]).toMatchObject({
      team: { id: publicId('Team', team), name: 'Kitchen' },
      viewerCan: { comment: true, share: false, move: false },
    });
    expect(answer?.tasks.nodes.every(({ shares }) => shares.nodes.length === 1)).toBe(true);
    expect(long).toEqual(short);
    expect(long).toHaveLength(2);
    expect(long.map(normalised)).toMatchSnapshot();
  });

  test.each(VIEWS)('takes one statement on the dashboard, with the choice %s', async (_name, view) => {
    const filter = filterOf(view, () => ({ id: ada.id, today: '2026-11-30' }));
    const { orderBy } = taskOrders[view.order];
    const statements = await statementsOf(() => ada.query(VIEW, { first: 50, filter, orderBy: [orderBy] }));
    const ofList = statements.filter((text) => !text.includes('/* viewerOf */'));
    expect(ofList).toEqual([expect.stringContaining('/* readTasks */')]);
  });

  test('with parents takes one more, for any length', async () => {
    const withParent = LIST.replace('labels', 'labels parent { id title }');
    const short = await statementsOf(() => ada.query(withParent, { first: 1 }));
    const long = await statementsOf(() => ada.query(withParent, { first: 50 }));
    expect(long).toHaveLength(3);
    expect(long).toEqual(short);
  });

  test('counts them in one more statement, and only on request', async () => {
    const statements = await statementsOf(async () => {
      const { tasks } = await ada.query<Listed>('{ tasks(first: 3) { totalCount nodes { title } } }');
      expect(tasks).toMatchObject({ totalCount: 60, nodes: { length: 3 } });
    });
    expect(statements).toHaveLength(3);
  });

  test('shows neither a team nor a parent that the viewer cannot see', async () => {
    const { tasks } = await cara.query<{
      tasks: { nodes: { title: string; team: unknown; parent: unknown }[] };
    }>('{ tasks(first: 100) { nodes { title team { id } parent { title } } } }');
    expect(tasks.nodes).toHaveLength(60);
    expect(tasks.nodes.every(({ team }) => team === null)).toBe(true);
    expect(tasks.nodes.find(({ title }) => title === 'Task 3')?.parent).toEqual({ title: 'Task 1' });
    await db.taskShare.deleteMany({ where: { task: { title: 'Task 1' }, sharedWithId: uuid(cara) } });
    const { tasks: after } = await cara.query<{ tasks: { nodes: { title: string; parent: unknown }[] } }>(
      '{ tasks(first: 100) { nodes { title parent { title } } } }',
    );
    expect(after.nodes).toHaveLength(59);
    expect(after.nodes.find(({ title }) => title === 'Task 3')?.parent).toBeNull();
  });

  test('with ordered subtasks takes as few', async () => {
    const statements = await statementsOf(async () => {
      const { tasks } = await ada.query<{
        tasks: { nodes: { title: string; subtasks: { nodes: { title: string }[]; totalCount: number } }[] };
      }>('{ tasks(first: 100) { nodes { title subtasks(first: 2) { totalCount nodes { title } } } } }');
      const parent = tasks.nodes.find(({ title }) => title === 'Task 1');
      expect(parent?.subtasks).toEqual({ totalCount: 1, nodes: [{ title: 'Task 3' }] });
    });
    expect(statements).toHaveLength(3);
  });
});

/** Without values that differ between runs. */
function normalised(statement: string): string {
  return statement
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\$\d+/g, '$')
    .replaceAll(/\$(,\$)+/g, '$…')
    .trim();
}
