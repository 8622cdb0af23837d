import { beforeAll, expect, test } from 'vitest';
import type { TaskStatus } from '../../prisma/generated/client/client.ts';
import { rebuildCounters } from '../../server/counters/rebuild.ts';
import { publicId, uuidOf } from '../../server/ids.ts';
import { foldToTheEnd } from '../kit/counters.ts';
import { dice } from '../kit/dice.ts';
import { plantLife, type Life } from '../kit/past.ts';
import { statementsOf } from '../kit/statements.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, databaseUrl, people } = await startWorld();

const HOUR_S = 3_600;
const HOUR_MS = 1000 * HOUR_S;
const DAY_MS = 24 * HOUR_MS;
const ZONE = 'Europe/Berlin';
const STATUSES = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const;
const now = Date.now();

interface History {
  burnUp: { day: string; total: number; completed: number }[];
  cumulativeFlow: { day: string; todo: number; inProgress: number; done: number; cancelled: number }[];
  throughput: { week: string; completed: number }[];
  cycleTime: { median: number | null; p85: number | null };
  leadTime: { median: number | null; p85: number | null };
}

const HISTORY = `query ($scope: DashboardScope, $days: Int!, $asOf: Date) {
  dashboard(scope: $scope) { history(days: $days, asOf: $asOf) {
    burnUp { day total completed } cumulativeFlow { day todo inProgress done cancelled } throughput { week completed }
    cycleTime { median p85 } leadTime { median p85 } } } }`;

async function historyOf(person: Person, variables: { days: number; asOf?: string; scope?: object }) {
  const { dashboard } = await person.query<{ dashboard: { history: History } }>(HISTORY, variables);
  return dashboard.history;
}

const inZone = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' });
const dayIn = (at: number) => inZone.format(at);
const dayBefore = (day: string, days: number) =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
const today = dayIn(now);

let eve: Person;
let team: string;
const lives: Life[] = [];

beforeAll(async () => {
  ({ eve } = await people('Eve'));
  await eve.query('mutation ($zone: String!) { updateViewer(input: { timezone: $zone }) { cursor } }', {
    zone: ZONE,
  });
  ({ id: team } = await teamOf(eve));
  const { roll, pick, happens } = dice(4);
  for (let n = 0; n < 120; n += 1) {
    let at = now - 1 - roll(50 * DAY_MS);
    const life: Life = [{ at, status: happens(0.9) ? 'TODO' : pick(STATUSES) }];
    while (happens(0.7) && life.at(-1)?.status !== null) {
      at += 1 + roll(5 * DAY_MS);
      if (at < now) life.push({ at, status: happens(0.1) ? null : pick(STATUSES) });
    }
    lives.push(life);
    await plantLife(db, uuidOf('User', eve.id), happens(0.5) ? uuidOf('Team', team) : null, life);
  }
});

function expectedFlow(day: string) {
  const ended = (at: number) => dayIn(at) <= day;
  const there = lives.flatMap((life) => life.findLast(({ at }) => ended(at))?.status ?? []);
  const count = (status: TaskStatus) => there.filter((each) => each === status).length;
  return {
    day,
    todo: count('TODO'),
    inProgress: count('IN_PROGRESS'),
    done: count('DONE'),
    cancelled: count('CANCELLED'),
  };
}

/** The times at which a task became DONE, with its duration. */
function completions() {
  return lives.flatMap((life) =>
    life.flatMap(({ at, status }, n) => {
      if (status !== 'DONE' || life[n - 1]?.status === 'DONE') return [];
      const started = life.find((each) => each.status === 'IN_PROGRESS' && each.at <= at);
      return [
        {
          at,
          lead: n === 0 ? null : at - (life[0]?.at ?? 0),
          cycle: n > 0 && started ? at - started.at : null,
        },
      ];
    }),
  );
}

const lastDays = (days: number, last = today) =>
  Array.from({ length: days }, (_, n) => dayBefore(last, days - 1 - n));

test('has the number of tasks in each status at the end of each day', async () => {
  const { burnUp, cumulativeFlow } = await historyOf(eve, { days: 60 });
  const expected = lastDays(60).map(expectedFlow);
  expect(cumulativeFlow).toEqual(expected);
  expect(burnUp).toEqual(
    expected.map(({ day, todo, inProgress, done, cancelled }) => ({
      day,
      total: todo + inProgress + done + cancelled,
      completed: done,
    })),
  );
  expect(expected.at(-1)?.done).toBeGreaterThan(5);
});

test('for a past day ends there, with the numbers of that time', async () => {
  const asOf = dayBefore(today, 20);
  const { cumulativeFlow } = await historyOf(eve, { days: 10, asOf });
  expect(cumulativeFlow).toEqual(lastDays(10, asOf).map(expectedFlow));
  const { cumulativeFlow: all } = await historyOf(eve, { days: 365 });
  expect(all).toHaveLength(365);
  expect(all.slice(-30, -20)).toEqual(cumulativeFlow);
});

test('counts the tasks completed in each week from Monday, also if they were reopened later', async () => {
  const { throughput } = await historyOf(eve, { days: 60 });
  const days = lastDays(60);
  const mondays = [...new Set(days.map((day) => dayBefore(day, (new Date(day).getUTCDay() + 6) % 7)))];
  expect(throughput).toEqual(
    mondays.map((week) => ({
      week,
      completed: completions().filter(({ at }) => {
        const day = dayIn(at);
        return days.includes(day) && day >= week && day < dayBefore(week, -7);
      }).length,
    })),
  );
  expect(throughput.reduce((sum, { completed }) => sum + completed, 0)).toBeGreaterThan(20);
});

test('has the durations of tasks, accurate to 1 %', async () => {
  const { cycleTime, leadTime } = await historyOf(eve, { days: 40 });
  const among = completions().filter(({ at }) => lastDays(40).includes(dayIn(at)));
  const quantile = (all: (number | null)[], q: number) => {
    const known = all.filter((each) => each !== null).sort((a, b) => a - b);
    return (known[Math.ceil(q * known.length) - 1] ?? Number.NaN) / 1000;
  };
  for (const [found, all] of [
    [cycleTime, among.map(({ cycle }) => cycle)],
    [leadTime, among.map(({ lead }) => lead)],
  ] as const) {
    for (const [given, q] of [
      [found.median, 0.5],
      [found.p85, 0.85],
    ] as const) {
      const exact = quantile(all, q);
      expect(Math.abs((given ?? 0) - exact) / exact).toBeLessThanOrEqual(0.0101);
    }
  }
});

test('counts tasks completed late in the evening for the viewer’s day, not for the day in UTC', async () => {
  const { kim } = await people('Kim');
  const zone = 'Pacific/Pago_Pago';
  await kim.query('mutation ($zone: String!) { updateViewer(input: { timezone: $zone }) { cursor } }', {
    zone,
  });
  // Its days begin at 11:00 UTC.
  const midnight = Date.parse(`${dayBefore(today, 3)}T11:00:00Z`);
  for (const [ended, hours] of [
    [midnight - 1, 1],
    [midnight, 2],
    [midnight + 20 * HOUR_MS, 3],
    [midnight + DAY_MS - 1, 4],
    [midnight + DAY_MS, 5],
  ] as const) {
    const life: Life = [
      { at: ended - hours * HOUR_MS, status: 'IN_PROGRESS' },
      { at: ended, status: 'DONE' },
    ];
    await plantLife(db, uuidOf('User', kim.id), null, life);
  }
  const expectThreeHours = async () => {
    const asked = { days: 1, asOf: dayBefore(today, 3) };
    const { throughput, cycleTime, leadTime } = await historyOf(kim, asked);
    expect(throughput.map(({ completed }) => completed)).toEqual([3]);
    for (const { median, p85 } of [cycleTime, leadTime]) {
      expect((median ?? 0) / HOUR_S).toBeCloseTo(3, 1);
      expect((p85 ?? 0) / HOUR_S).toBeCloseTo(4, 1);
    }
  };
  await expectThreeHours();
  await foldToTheEnd(databaseUrl);
  await expectThreeHours();
});

test('does not change for past days after a deletion or a rebuild', async () => {
  const before = await historyOf(eve, { days: 30, asOf: dayBefore(today, 1) });
  const task = await db.task.findFirstOrThrow({ where: { ownerId: uuidOf('User', eve.id), status: 'DONE' } });
  const left = (await historyOf(eve, { days: 1 })).cumulativeFlow[0]?.done ?? 0;
  await eve.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', {
    id: publicId('Task', task.id),
  });
  lives.find((life) => life[0]?.at === task.createdAt.getTime())?.push({ at: now, status: null });
  const expectAll = async (when: string) => {
    expect(await historyOf(eve, { days: 30, asOf: dayBefore(today, 1) }), when).toEqual(before);
    expect((await historyOf(eve, { days: 1 })).cumulativeFlow[0]?.done, when).toBe(left - 1);
    expect((await historyOf(eve, { days: 60 })).cumulativeFlow, when).toEqual(lastDays(60).map(expectedFlow));
  };
  await expectAll('before it is folded');
  await foldToTheEnd(databaseUrl);
  await expectAll('once it is folded');
  await rebuildCounters(databaseUrl, () => undefined);
  await expectAll('rebuilt');
});

test('of a team has the team’s tasks only, which return to their owners after its deletion', async () => {
  const ofTeam = async () => (await historyOf(eve, { days: 40, scope: { teamId: team } })).cumulativeFlow;
  const all = (await historyOf(eve, { days: 40 })).cumulativeFlow;
  expect((await ofTeam()).at(-1)?.todo).toBeLessThan(all.at(-1)?.todo ?? 0);
  await eve.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: team });
  expect((await historyOf(eve, { days: 40 })).cumulativeFlow).toEqual(all);
});

test('takes one statement more than the dashboard', async () => {
  expect(await statementsOf(() => historyOf(eve, { days: 365 }))).toHaveLength(3);
});

test.each([
  [{ days: 0 }, 'days'],
  [{ days: 366 }, 'days'],
  [{ days: 3, asOf: dayBefore(today, -2) }, 'asOf'],
  [{ days: 3, asOf: '9999-12-31' }, 'asOf'],
  [{ days: 3, asOf: '1969-12-31' }, 'asOf'],
  [{ days: 3, asOf: '0000-01-01' }, 'asOf'],
])('cannot be %o', async (variables, field) => {
  await expect(historyOf(eve, variables)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    extensions: { field },
  });
});
