import { beforeAll, describe, expect, test } from 'vitest';
import { TaskPriority, TaskStatus, type Prisma } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { dice } from '../kit/dice.ts';
import { statementsOf } from '../kit/statements.ts';
import { plantTasks } from '../kit/tasks.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface Dashboard {
  statistics: { total: number; pending: number; completed: number; shared: number };
  breakdown: { status: string; count: number }[];
  activity: { completionRate: number };
  overdue: number;
  shared: { total: number; viewOnly: number; canEdit: number };
}

interface DayCount {
  day: string;
  count: number;
}

let ada: Person;
let bob: Person;
let eve: Person;
let team: string;

const uuid = (person: Person) => uuidOf('User', person.id);

async function dashboard(person: Person, scope?: object): Promise<Dashboard> {
  const answer = await person.query<{ dashboard: Dashboard }>(
    `query ($scope: DashboardScope) { dashboard(scope: $scope) {
       statistics { total pending completed shared } breakdown { status count } activity { completionRate }
       overdue shared { total viewOnly canEdit } } }`,
    { scope },
  );
  return answer.dashboard;
}

async function perDay(person: Person, field: string, days: number, scope?: object): Promise<DayCount[]> {
  const answer = await person.query<{ dashboard: Record<string, DayCount[]> }>(
    `query ($scope: DashboardScope, $days: Int!) { dashboard(scope: $scope) { ${field}(days: $days) { day count } } }`,
    { scope, days },
  );
  return answer.dashboard[field] ?? [];
}

beforeAll(async () => {
  ({ ada, bob, eve } = await people('Ada', 'Bob', 'Eve'));
  ({ id: team } = await teamOf(ada, [[bob, 'VIEWER']]));
  const { pick, happens, roll } = dice(3);
  const made = Array.from({ length: 120 }, (): Prisma.TaskCreateManyInput & { id: string } => {
    const status = pick(Object.values(TaskStatus));
    const daysAgo = () => new Date(Date.now() - roll(10) * 86_400_000);
    return {
      id: newId(),
      title: 'Tea',
      position: 'a0',
      status,
      priority: pick(Object.values(TaskPriority)),
      ownerId: uuid(pick([ada, bob, eve])),
      teamId: happens(0.6) ? uuidOf('Team', team) : null,
      archivedAt: happens(0.2) ? new Date() : null,
      dueOn: happens(0.5) ? new Date(Date.UTC(2020 + roll(20), 0, 1)) : null,
      createdAt: daysAgo(),
      completedAt: status === 'DONE' ? daysAgo() : null,
    };
  });
  await plantTasks(db, made);
  await db.taskShare.createMany({
    data: made
      .filter(({ ownerId }) => ownerId !== uuid(bob) && happens(0.5))
      .map(({ id, ownerId }) => ({
        taskId: id,
        sharedWithId: uuid(bob),
        sharedById: ownerId,
        permission: pick(['VIEW', 'EDIT']),
        expiresAt: pick([null, new Date(0)]),
      })),
  });
});

/** The numbers by the rule's definition, counted one by one. */
async function expected(
  person: Person,
  teamId: string | null,
  mine: Prisma.TaskWhereInput,
): Promise<Dashboard> {
  const tasks = await db.task.findMany({ where: { ...mine, archivedAt: null } });
  const shares = await db.taskShare.findMany({
    where: {
      sharedWithId: uuid(person),
      expiresAt: null,
      ...(teamId ? { task: { teamId: uuidOf('Team', teamId) } } : {}),
    },
  });
  const pending = tasks.filter(({ status }) => status !== 'DONE' && status !== 'CANCELLED');
  const completed = tasks.filter(({ status }) => status === 'DONE').length;
  const canEdit = shares.filter(({ permission }) => permission === 'EDIT').length;
  const today = new Date().toISOString().slice(0, 10);
  return {
    statistics: { total: tasks.length, pending: pending.length, completed, shared: shares.length },
    breakdown: Object.values(TaskStatus).map((status) => ({
      status,
      count: tasks.filter((task) => task.status === status).length,
    })),
    activity: { completionRate: tasks.length ? Math.round((completed / tasks.length) * 1000) / 10 : 0 },
    overdue: pending.filter(({ dueOn }) => dueOn && dueOn.toISOString().slice(0, 10) < today).length,
    shared: { total: shares.length, viewOnly: shares.length - canEdit, canEdit },
  };
}

describe('[BR-14] the dashboard', () => {
  test('of a team counts its tasks, equally for all members except for shared tasks', async () => {
    const ofTeam = { teamId: uuidOf('Team', team) };
    expect(await dashboard(ada, { teamId: team })).toEqual(await expected(ada, team, ofTeam));
    const bobs = await dashboard(bob, { teamId: team });
    expect(bobs).toEqual(await expected(bob, team, ofTeam));
    expect(bobs.statistics.total).toBeGreaterThan(20);
    expect(bobs.shared.canEdit).toBeGreaterThan(0);
  });

  test('of a person counts the tasks that they own and still see', async () => {
    expect(await dashboard(ada)).toEqual(await expected(ada, null, { ownerId: uuid(ada) }));
    expect(await dashboard(bob, {})).toEqual(await expected(bob, null, { ownerId: uuid(bob) }));
    expect(await dashboard(eve, { teamId: null })).toEqual(
      await expected(eve, null, { ownerId: uuid(eve), teamId: null }),
    );
  });

  test('[BR-08] of another team is NOT_FOUND, like one of an unknown team', async () => {
    const notFound = {
      code: 'NOT_FOUND',
      message: 'This team does not exist, or you do not have access to it.',
    };
    await expect(dashboard(eve, { teamId: team })).rejects.toMatchObject(notFound);
    await expect(dashboard(eve, { teamId: publicId('Team', newId()) })).rejects.toMatchObject(notFound);
    await expect(dashboard(eve, { teamId: eve.id })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'scope.teamId' },
    });
  });

  test('[FR-014] [FR-015] takes two statements, for any number of days', async () => {
    expect(await statementsOf(() => dashboard(ada, { teamId: team }))).toHaveLength(2);
    expect(await statementsOf(() => perDay(ada, 'createdPerDay', 365, { teamId: team }))).toHaveLength(2);
  });
});

describe('the tasks of each day', () => {
  test.each([
    ['createdPerDay', 'createdAt'],
    ['completedPerDay', 'completedAt'],
  ] as const)('%s has every day once, today last, and all tasks of the days', async (field, column) => {
    const days = await perDay(ada, field, 5, { teamId: team });
    const today = new Date().toISOString().slice(0, 10);
    expect(days.map(({ day }) => day)).toEqual(
      [4, 3, 2, 1, 0].map((ago) => new Date(Date.parse(today) - ago * 86_400_000).toISOString().slice(0, 10)),
    );
    const tasks = await db.task.findMany({ where: { teamId: uuidOf('Team', team), archivedAt: null } });
    for (const { day, count } of days) {
      expect(count).toBe(tasks.filter((task) => task[column]?.toISOString().slice(0, 10) === day).length);
    }
    const year = await perDay(ada, field, 365, { teamId: team });
    expect(year).toHaveLength(365);
    expect(year.reduce((sum, { count }) => sum + count, 0)).toBe(
      tasks.filter((task) => task[column] !== null).length,
    );
  });

  test('[BR-07] starts at midnight in the viewer’s time zone', async () => {
    const { kim } = await people('Kim');
    await kim.query('mutation { updateViewer(input: { timezone: "Pacific/Kiritimati" }) { cursor } }');
    const today = new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10);
    const midnight = Date.parse(today) - 14 * 3_600_000;
    const at = (time: number) => ({
      title: 'Tea',
      position: 'a0',
      ownerId: uuid(kim),
      createdAt: new Date(time),
    });
    const moments = [midnight, midnight - 1, midnight - 86_400_000, midnight - 86_400_001];
    await plantTasks(db, moments.map(at));
    const days = await perDay(kim, 'createdPerDay', 2);
    expect(days.map(({ count }) => count)).toEqual([2, 1]);
    expect(days.at(-1)?.day).toBe(today);
  });

  test.each([0, -1, 366])('cannot be %i days', async (days) => {
    await expect(perDay(ada, 'createdPerDay', days)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'days' },
    });
  });
});
