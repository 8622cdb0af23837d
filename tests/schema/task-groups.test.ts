import { expect, test } from 'vitest';
import { TaskPriority, TaskStatus } from '../../prisma/generated/client/client.ts';
import { uuidOf } from '../../server/ids.ts';
import { foldToTheEnd } from '../kit/counters.ts';
import { dice } from '../kit/dice.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

interface Group {
  key: string | null;
  count: number;
  isCountExact: boolean;
  filter: object;
  assignee: { name: string } | null;
  firstTasks: { title: string }[];
  tasks: { totalCount: number; nodes: { title: string }[] };
}

async function groups(person: Person, by: string, filterText = '', first = 12): Promise<Group[]> {
  const data = await person.query<{ taskGroups: Group[] }>(
    `query ($by: TaskGroupBy!, $filterText: String, $first: Int!) {
       taskGroups(by: $by, filterText: $filterText, first: $first) {
         key count isCountExact filter assignee { name } firstTasks(first: 2) { title }
         tasks(first: 50) { totalCount nodes { title } }
       }
     }`,
    { by, filterText, first },
  );
  return data.taskGroups;
}

const numbers = (found: readonly Group[]) => found.map(({ key, count }) => [key, count]);

test('tasks are grouped by each key, with exact numbers and the tasks of each group', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  await ada.createTask('One', { priority: 'HIGH', labels: ['home', 'late'], dueOn: '2026-06-01' });
  await ada.createTask('Two', { status: 'DONE', labels: ['home'], dueOn: '2026-06-07' });
  await ada.createTask('Three', { teamId: team.id, assigneeId: bob.id, dueOn: '2026-06-08' });
  await bob.createTask('Hidden', { labels: ['home'] });

  expect(numbers(await groups(ada, 'STATUS'))).toEqual([
    ['TODO', 2],
    ['IN_PROGRESS', 0],
    ['DONE', 1],
    ['CANCELLED', 0],
  ]);
  expect(numbers(await groups(ada, 'PRIORITY', 'is:open'))).toEqual([
    ['NONE', 1],
    ['LOW', 0],
    ['MEDIUM', 0],
    ['HIGH', 1],
    ['URGENT', 0],
  ]);
  expect(await groups(ada, 'ASSIGNEE')).toMatchObject([
    { key: null, count: 2, assignee: null, filter: { assignee: { isNull: true } } },
    { key: bob.id, count: 1, assignee: { name: 'Bob' }, tasks: { nodes: [{ title: 'Three' }] } },
  ]);
  expect(numbers(await groups(ada, 'LABEL'))).toEqual([
    [null, 1],
    ['home', 2],
    ['late', 1],
  ]);
  expect(numbers(await groups(ada, 'LABEL', '', 2))).toHaveLength(2);
  const weeks = await groups(ada, 'DUE_WEEK', '-is:archived');
  expect(numbers(weeks)).toEqual([
    ['2026-06-01', 2],
    ['2026-06-08', 1],
  ]);
  expect(weeks[0]?.tasks.nodes.map(({ title }) => title).sort()).toEqual(['One', 'Two']);
  expect(numbers(await groups(ada, 'DUE_DAY', 'has:due'))).toEqual([
    ['2026-06-01', 1],
    ['2026-06-07', 1],
    ['2026-06-08', 1],
  ]);
  expect(await outcome(groups(ada, 'STATUS', 'is:opne'))).toBe('VALIDATION_FAILED');
  expect(await outcome(groups(ada, 'STATUS', '', 51))).toBe('VALIDATION_FAILED');
});

test('the numbers are those of the lists, before and after folding', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const { pick, happens } = dice(5);
  for (let n = 0; n < 25; n++)
    await ada.createTask(`Task ${n}`, {
      status: pick(Object.values(TaskStatus)),
      priority: pick(Object.values(TaskPriority)),
      labels: ['a', 'b'].filter(() => happens(0.5)),
      ...(happens(0.5) ? { dueOn: pick(['2026-11-29', '2026-11-30', '2026-12-20']) } : {}),
    });
  const [shared] = await db.task.findMany({ take: 1 });
  await db.taskShare.create({
    data: {
      taskId: shared?.id ?? '',
      sharedWithId: uuidOf('User', bob.id),
      sharedById: uuidOf('User', ada.id),
    },
  });
  for (const fold of [() => Promise.resolve(), () => foldToTheEnd(world.databaseUrl)]) {
    await fold();
    for (const person of [ada, bob])
      for (const by of ['STATUS', 'PRIORITY', 'ASSIGNEE', 'LABEL', 'DUE_WEEK', 'DUE_DAY'])
        for (const text of ['', 'is:mine', 'is:open', 'label:a', 'is:overdue'])
          for (const group of await groups(person, by, text)) {
            expect(group.count, `${by} ${text} ${group.key}`).toBe(group.tasks.totalCount);
            expect(group.tasks.nodes).toHaveLength(group.count);
            expect(group.firstTasks).toEqual(group.tasks.nodes.slice(0, 2));
            expect(group.isCountExact).toBe(true);
          }
  }
});

test('the first tasks of groups are in the order of the list, and their number is limited', async () => {
  const { ada } = await people('Ada');
  for (const title of ['b', 'c', 'a', 'd']) await ada.createTask(title, { dueOn: '2026-06-01' });
  const first = (count: number, order: string) =>
    ada.query<{ taskGroups: { firstTasks: { title: string }[] }[] }>(
      `query ($count: Int!) {
         taskGroups(by: DUE_DAY, orderBy: [${order}]) { firstTasks(first: $count) { title } }
       }`,
      { count },
    );
  const { taskGroups } = await first(3, '{ field: TITLE, direction: ASC }');
  expect(taskGroups).toEqual([{ firstTasks: [{ title: 'a' }, { title: 'b' }, { title: 'c' }] }]);
  expect((await first(0, '{ field: DUE_ON }')).taskGroups).toEqual([{ firstTasks: [] }]);
  expect(await outcome(first(51, '{ field: TITLE }'))).toBe('VALIDATION_FAILED');
  expect(await outcome(first(-1, '{ field: TITLE }'))).toBe('VALIDATION_FAILED');
});
