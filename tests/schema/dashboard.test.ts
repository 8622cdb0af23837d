import { describe, expect, test } from 'vitest';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { installClock, setClock } from '../kit/clock.ts';
import { foldToTheEnd } from '../kit/counters.ts';
import { share } from '../kit/shares.ts';
import { statementsOf } from '../kit/statements.ts';
import { plantTasks } from '../kit/tasks.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people } = world;

interface Dashboard {
  statistics: { total: number; pending: number; completed: number; shared: number };
  breakdown: { status: string; count: number }[];
  priorities: { priority: string; count: number }[];
  overdue: number;
  dueToday: number;
  dueThisWeek: number;
  activity: {
    createdToday: number;
    createdThisWeek: number;
    completedToday: number;
    completedThisWeek: number;
    completionRate: number;
  };
}

async function dashboardOf(person: Person): Promise<Dashboard> {
  const { dashboard } = await person.query<{ dashboard: Dashboard }>(`{
    dashboard {
      statistics { total pending completed shared }
      breakdown { status count }
      priorities { priority count }
      overdue dueToday dueThisWeek
      activity { createdToday createdThisWeek completedToday completedThisWeek completionRate }
    }
  }`);
  return dashboard;
}

function counts({ breakdown }: Dashboard) {
  return Object.fromEntries(breakdown.map(({ status, count }) => [status, count]));
}

function weights({ priorities }: Dashboard) {
  return Object.fromEntries(priorities.map(({ priority, count }) => [priority, count]));
}

async function plant(owner: Person, tasks: Partial<Prisma.TaskCreateManyInput>[]): Promise<string[]> {
  const rows = tasks.map((task) => ({
    id: newId(),
    ownerId: uuidOf('User', owner.id),
    title: 'Tea',
    completedAt: task.status === 'DONE' ? new Date() : null,
    ...task,
  }));
  await plantTasks(db, rows);
  return rows.map(({ id }) => publicId('Task', id));
}

async function moveTo(person: Person, timezone: string): Promise<void> {
  await person.query(
    'mutation ($timezone: String!) { updateViewer(input: { timezone: $timezone }) { cursor } }',
    {
      timezone,
    },
  );
}

const verb = (name: string) => (person: Person, id: string) =>
  person.query(`mutation ($id: ID!) { ${name}(input: { id: $id }) { cursor } }`, { id });
const complete = verb('completeTask');
const reopen = verb('reopenTask');
const remove = verb('deleteTask');

/** The day at a time in a time zone, by JavaScript's time zone data. */
function dayIn(timezone: string, moment = new Date()): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(moment);
}

/** The start of the current day in a time zone, found by search. */
function startOfDay(timezone: string, day: string): Date {
  const guess = Date.parse(`${day}T00:00:00Z`);
  let before = guess - 30 * 3_600_000;
  let within = guess + 30 * 3_600_000;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (dayIn(timezone, new Date(middle)) < day) before = middle;
    else within = middle;
  }
  return new Date(within);
}

function shiftDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function mondayOf(day: string): string {
  return shiftDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}

const asDate = (day: string) => new Date(`${day}T00:00:00Z`);
const justBefore = (moment: Date) => new Date(moment.getTime() - 1);

describe('[FR-010] [BR-14] a dashboard', () => {
  test('of a person without tasks is all zeros, with an entry for each status and priority', async () => {
    const { eve } = await people('Eve');
    expect(await dashboardOf(eve)).toEqual({
      statistics: { total: 0, pending: 0, completed: 0, shared: 0 },
      breakdown: ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'].map((status) => ({ status, count: 0 })),
      priorities: ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'].map((priority) => ({ priority, count: 0 })),
      overdue: 0,
      dueToday: 0,
      dueThisWeek: 0,
      activity: {
        createdToday: 0,
        createdThisWeek: 0,
        completedToday: 0,
        completedThisWeek: 0,
        completionRate: 0,
      },
    });
  });

  test('of five tasks with two completed is 5, 3, 2 and 0', async () => {
    const { eve } = await people('Eve');
    const tasks = [];
    for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) tasks.push(await eve.createTask(title));
    for (const id of tasks.slice(0, 2)) await complete(eve, id);
    const dashboard = await dashboardOf(eve);
    expect(dashboard.statistics).toEqual({ total: 5, pending: 3, completed: 2, shared: 0 });
    expect(dashboard.activity).toEqual({
      createdToday: 5,
      createdThisWeek: 5,
      completedToday: 2,
      completedThisWeek: 2,
      completionRate: 40,
    });
  });

  test('counts a cancelled task in total, but neither as pending nor as completed', async () => {
    const { eve } = await people('Eve');
    await plant(eve, [
      { status: 'CANCELLED' },
      { status: 'IN_PROGRESS' },
      { status: 'TODO' },
      { status: 'DONE' },
    ]);
    const dashboard = await dashboardOf(eve);
    expect(dashboard.statistics).toEqual({ total: 4, pending: 2, completed: 1, shared: 0 });
    expect(counts(dashboard)).toEqual({ TODO: 1, IN_PROGRESS: 1, DONE: 1, CANCELLED: 1 });
  });

  test('counts priorities of pending tasks only', async () => {
    const { eve } = await people('Eve');
    await plant(eve, [
      { priority: 'URGENT' },
      { priority: 'URGENT', status: 'IN_PROGRESS' },
      { priority: 'URGENT', status: 'DONE' },
      { priority: 'LOW', status: 'CANCELLED' },
      { priority: 'HIGH' },
    ]);
    expect(weights(await dashboardOf(eve))).toEqual({ NONE: 0, LOW: 0, MEDIUM: 0, HIGH: 1, URGENT: 2 });
  });

  test('leaves archived tasks out of every number', async () => {
    const { eve } = await people('Eve');
    const today = asDate(dayIn('UTC'));
    await plant(eve, [
      { archivedAt: new Date(), dueOn: today, priority: 'HIGH' },
      { archivedAt: new Date(), status: 'DONE' },
    ]);
    const { eve: newcomer } = await people('Eve');
    expect(await dashboardOf(eve)).toEqual(await dashboardOf(newcomer));
  });

  test('counts the person’s own tasks, and as shared only those with an active share', async () => {
    const { eve, fay, gil } = await people('Eve', 'Fay', 'Gil');
    const [a = '', b = '', c = '', d = ''] = await plant(fay, [{}, {}, { status: 'DONE' }, {}]);
    await share(world, a, { from: fay, to: eve });
    await share(world, b, {
      from: fay,
      to: eve,
      permission: 'EDIT',
      expiresAt: new Date(Date.now() + 60_000),
    });
    await share(world, c, { from: fay, to: eve });
    await share(world, d, { from: fay, to: eve, expiresAt: new Date(Date.now() - 1) });
    await share(world, a, { from: fay, to: gil });
    expect((await dashboardOf(eve)).statistics).toEqual({ total: 0, pending: 0, completed: 0, shared: 3 });
    expect((await dashboardOf(fay)).statistics).toEqual({ total: 4, pending: 3, completed: 1, shared: 0 });
    expect((await dashboardOf(gil)).statistics).toMatchObject({ total: 0, shared: 1 });
  });

  test.each([
    [1, 3, 33.3],
    [2, 3, 66.7],
    [1, 8, 12.5],
    [1, 16, 6.3],
    [3, 3, 100],
    [0, 4, 0],
    [999, 1_000, 99.9],
    [1, 2_001, 0],
  ])('with %i of %i completed has a completion rate of %d', async (done, all, rate) => {
    const { eve } = await people('Eve');
    await plant(
      eve,
      Array.from({ length: all }, (_, n) => ({ status: n < done ? ('DONE' as const) : ('TODO' as const) })),
    );
    expect((await dashboardOf(eve)).activity.completionRate).toBe(rate);
  });
});

describe('[BR-07] days and weeks', () => {
  // At any time it is another day than in UTC somewhere.
  const places = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Pacific/Kiritimati',
    'Pacific/Niue',
  ];

  test.each(places)('are the viewer’s in %s, to the millisecond', async (timezone) => {
    const { eve } = await people('Eve');
    await moveTo(eve, timezone);
    const day = dayIn(timezone);
    const today = startOfDay(timezone, day);
    const week = startOfDay(timezone, mondayOf(day));
    const moments = [today, justBefore(today), week, justBefore(week)];
    await plant(
      eve,
      moments.map((moment) => ({ status: 'DONE', createdAt: moment, completedAt: moment })),
    );
    const since = (start: Date) => moments.filter((moment) => moment >= start).length;
    expect((await dashboardOf(eve)).activity).toMatchObject({
      createdToday: since(today),
      createdThisWeek: since(week),
      completedToday: since(today),
      completedThisWeek: since(week),
    });
  });

  test.each(places)(
    'determine in %s which tasks are overdue, due today and due this week',
    async (timezone) => {
      const { eve } = await people('Eve');
      await moveTo(eve, timezone);
      const day = dayIn(timezone);
      const monday = mondayOf(day);
      const days = [-8, -7, -1, 0, 1, 6, 7].map((n) => shiftDays(monday, n)).concat(day, shiftDays(day, -1));
      await plant(
        eve,
        days.map((dueOn) => ({ dueOn: asDate(dueOn) })),
      );
      // These are not pending.
      await plant(
        eve,
        days.flatMap((dueOn) =>
          (['DONE', 'CANCELLED'] as const).map((status) => ({ status, dueOn: asDate(dueOn) })),
        ),
      );
      const among = (test: (dueOn: string) => boolean) => days.filter(test).length;
      expect(await dashboardOf(eve)).toMatchObject({
        overdue: among((dueOn) => dueOn < day),
        dueToday: among((dueOn) => dueOn === day),
        dueThisWeek: among((dueOn) => dueOn >= monday && dueOn <= shiftDays(monday, 6)),
      });
    },
  );

  test('change with the viewer’s time zone', async () => {
    const { eve } = await people('Eve');
    const [east, west] = ['Pacific/Kiritimati', 'Pacific/Niue'] as const;
    await plant(eve, [{ dueOn: asDate(dayIn(east)) }]);
    await moveTo(eve, east);
    expect((await dashboardOf(eve)).dueToday).toBe(1);
    await moveTo(eve, west);
    // 25 hours behind, it is never the same day.
    expect(await dashboardOf(eve)).toMatchObject({ dueToday: 0, overdue: 0 });
  });

  test('editing an old completed task does not count it again; completing it again does', async () => {
    const { eve } = await people('Eve');
    const long = new Date('2020-02-02T02:02:02Z');
    const [id = ''] = await plant(eve, [{ status: 'DONE', createdAt: long, completedAt: long }]);
    await eve.query('mutation ($id: ID!) { updateTask(input: { id: $id, title: "Coffee" }) { cursor } }', {
      id,
    });
    await complete(eve, id);
    expect((await dashboardOf(eve)).activity).toMatchObject({ completedToday: 0, completedThisWeek: 0 });
    await reopen(eve, id);
    await complete(eve, id);
    expect((await dashboardOf(eve)).activity).toMatchObject({ completedToday: 1, completedThisWeek: 1 });
  });
});

describe('[BR-07] a day or a week with a clock change', async () => {
  const elsewhen = await startWorld({ LOG_LEVEL: 'silent' }, installClock);

  test.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/Santiago', '2026-09-06', 23],
    ['Africa/Cairo', '2026-04-24', 23],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['America/Havana', '2026-11-01', 25],
    ['Atlantic/Azores', '2026-10-25', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Pacific/Chatham', '2026-09-27', 23],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['America/Nuuk', '2026-10-24', 25],
    ['Antarctica/Troll', '2026-03-29', 22],
    ['Antarctica/Troll', '2026-10-25', 26],
    // In between, Samoa skipped a day.
    ['Pacific/Apia', '2011-12-29', 24],
    ['Pacific/Apia', '2011-12-31', 24],
    ['Asia/Kathmandu', '2026-06-30', 24],
    ['Pacific/Kiritimati', '2026-12-31', 24],
    ['Pacific/Pago_Pago', '2026-02-28', 24],
    ['UTC', '2026-12-31', 24],
  ])('is complete in %s: %s has %d hours', async (timezone, day, hours) => {
    const { eve } = await elsewhen.people('Eve');
    await moveTo(eve, timezone);
    const first = startOfDay(timezone, day);
    const next = startOfDay(timezone, shiftDays(day, 1));
    expect((next.getTime() - first.getTime()) / 3_600_000).toBe(hours);
    const week = startOfDay(timezone, mondayOf(day));
    const moments = [justBefore(week), week, justBefore(first), first, justBefore(next)];
    await plantTasks(
      elsewhen.db,
      moments.map((moment) => ({
        title: 'Tea',
        ownerId: uuidOf('User', eve.id),
        status: 'DONE' as const,
        createdAt: moment,
        completedAt: moment,
      })),
    );
    const since = (start: Date) => moments.filter((moment) => moment >= start).length;

    for (const now of [first, justBefore(next)]) {
      await setClock(elsewhen.db, now);
      if (now !== first) await foldToTheEnd(elsewhen.databaseUrl);
      expect((await dashboardOf(eve)).activity, now.toISOString()).toMatchObject({
        createdToday: since(first),
        completedToday: since(first),
        createdThisWeek: since(week),
        completedThisWeek: since(week),
      });
      const { dashboard } = await eve.query<{
        dashboard: { createdPerDay: { day: string; count: number }[] };
      }>('{ dashboard { createdPerDay(days: 9) { day count } } }');
      expect(dashboard.createdPerDay).toEqual(
        Array.from({ length: 9 }, (_, n) => shiftDays(day, n - 8)).map((each) => ({
          day: each,
          count: moments.filter((moment) => dayIn(timezone, moment) === each).length,
        })),
      );
    }
    await setClock(elsewhen.db, next);
    const monday = mondayOf(shiftDays(day, 1));
    expect((await dashboardOf(eve)).activity).toMatchObject({
      createdToday: 0,
      completedThisWeek: since(startOfDay(timezone, monday)),
    });
  });
});

/** A generator of uniform random numbers (mulberry32), so that a failed walk can be repeated. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

test('[SC-002] [FR-015] equals a full count after random changes by people', async () => {
  const { eve } = await people('Eve');
  const roll = dice(20_261_122);
  const statuses = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const;
  const priorities = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;
  const day = dayIn('UTC');
  const details = () => ({
    status: statuses[roll(4)],
    priority: priorities[roll(5)],
    dueOn: roll(3) === 0 ? null : shiftDays(day, roll(15) - 7),
  });
  const tasks: string[] = [];
  for (let step = 0; step < 120; step += 1) {
    const id = tasks[roll(Math.max(tasks.length, 1))];
    const act = id === undefined ? 0 : roll(6);
    if (id === undefined || act < 2) tasks.push(await eve.createTask(`Task ${step}`, details()));
    else if (act === 2) await complete(eve, id);
    else if (act === 3) await reopen(eve, id);
    else if (act === 4) tasks.splice(tasks.indexOf(id), 1, ...(await remove(eve, id).then(() => [])));
    else {
      const input = { id, ...details() };
      await eve.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }', {
        input,
      });
    }
  }

  const rows = await db.task.findMany({ where: { ownerId: uuidOf('User', eve.id) } });
  expect(rows.length).toBe(tasks.length);
  expect(rows.length).toBeGreaterThan(10);
  const dashboard = await dashboardOf(eve);
  const pending = rows.filter(({ status }) => status === 'TODO' || status === 'IN_PROGRESS');
  const done = rows.filter(({ status }) => status === 'DONE');
  const dueOn = ({ dueOn: due }: { dueOn: Date | null }) => due?.toISOString().slice(0, 10) ?? 'never';
  expect(dashboard.statistics).toEqual({
    total: rows.length,
    pending: pending.length,
    completed: done.length,
    shared: 0,
  });
  for (const status of statuses) {
    expect(counts(dashboard)[status]).toBe(rows.filter((row) => row.status === status).length);
  }
  for (const priority of priorities) {
    expect(weights(dashboard)[priority]).toBe(pending.filter((row) => row.priority === priority).length);
  }
  expect(dashboard.overdue).toBe(pending.filter((row) => dueOn(row) < day).length);
  expect(dashboard.dueToday).toBe(pending.filter((row) => dueOn(row) === day).length);
  expect(dashboard.activity.completedToday).toBe(done.length);
  expect(dashboard.activity.createdToday).toBe(rows.length);
});

test('[SC-009] [FR-015] uses one statement plus one for rights, with any selection', async () => {
  const { eve } = await people('Eve');
  await dashboardOf(eve);
  const [rights, ...counting] = await statementsOf(() => dashboardOf(eve));
  expect(rights).toContain('viewerOf');
  expect(counting).toHaveLength(1);
});
