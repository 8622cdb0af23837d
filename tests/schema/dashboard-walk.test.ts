import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { rebuildCounters } from '../../server/counters/rebuild.ts';
import { connect, disconnect } from '../../server/database/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { installClock, setClock } from '../kit/clock.ts';
import { ALL_NUMBERS, countByHand, type Asked, type Numbers } from '../kit/count-by-hand.ts';
import { differencesIn, foldAll, foldToTheEnd, killedFold } from '../kit/counters.ts';
import { expectMeasured } from '../kit/measures.ts';
import { HISTORY, historyByHand, installJournal, type History } from '../kit/journal.ts';
import { startTestServer } from '../kit/server.ts';
import { openSession } from '../kit/session.ts';
import { secretOf } from '../kit/shares.ts';
import { plantTasks } from '../kit/tasks.ts';
import { accept, invite } from '../kit/team.ts';
import type { Answer } from '../../server/measures/measure.ts';
import { Refusal, startWorld, type Person } from '../kit/world.ts';

// Only the date is faked; timers run as usual.
vi.useFakeTimers({ toFake: ['Date'] });
const world = await startWorld({ LOG_LEVEL: 'error' }, async (db) => {
  await installClock(db);
  await installJournal(db);
});
const { databaseUrl } = world;
// Opened after the clock is set, with its own name, since servers lose their connections here.
const db = connect(`${databaseUrl}?application_name=walk`);
afterAll(() => disconnect(db));
afterAll(() => vi.useRealTimers());

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAYS = 9;
const FOLD_EVERY = 8;
const PARTS_OF_QUESTIONS = 6;
const LARGEST_BATCH = 500;
const ZONES = [
  'UTC',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Havana',
  'Africa/Cairo',
];
/** One day, after which clocks change in one of the zones, or a week begins. */
const MOMENTS = [
  '2026-11-01T03:50:00Z',
  '2026-10-03T14:50:00Z',
  '2026-04-04T14:20:00Z',
  '2026-04-23T20:10:00Z',
  '2026-03-07T23:40:00Z',
  '2026-11-22T23:59:00Z',
];
const PAUSES_MINUTES = [0, 0, 10, 75, 9 * 60];

/** Random numbers that choose who does something, to what, and how. */
const rolls = fc.noBias(fc.record({ who: fc.nat(), what: fc.nat(), target: fc.nat(), how: fc.nat() }));
type Rolls = typeof rolls extends fc.Arbitrary<infer R> ? R : never;

interface Cast {
  people: Person[];
  /** Created tasks to continue with. */
  tasks: string[];
}

const pick = <T>(values: readonly T[], n: number): T | undefined => values[n % Math.max(values.length, 1)];
const statuses = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const;
const ROLES = ['ADMIN', 'MEMBER', 'VIEWER'] as const;
const LABELS = ['garden', 'next "sprint"'];
const priorities = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;

/** Thrown if there is no object for this step yet. */
class Pointless extends Error {}

function one<T>(values: readonly T[], n: number): T {
  const value = pick(values, n);
  if (value === undefined) throw new Pointless();
  return value;
}

function playedBy({ people }: Cast, userId: string | undefined): Person {
  const found = people.find(({ id }) => uuidOf('User', id) === userId);
  if (!found) throw new Pointless();
  return found;
}

/** The owner, or sometimes another person, who may be refused. */
const actorFor = ({ people }: Cast, owner: Person, { who }: Rolls) =>
  who % 4 ? owner : one(people, who >> 2);

async function aTask(cast: Cast, { what }: Rolls): Promise<{ id: string; owner: Person }> {
  const rows = await db.task.findMany({ where: { id: { in: cast.tasks } }, orderBy: { id: 'asc' } });
  const { id, ownerId } = one(rows, what);
  return { id: publicId('Task', id), owner: playedBy(cast, ownerId) };
}

const isIn = ({ people }: Cast) => ({ in: people.map(({ id }) => uuidOf('User', id)) });

async function teamsOf(cast: Cast): Promise<{ id: string; owner: Person }[]> {
  const rows = await db.membership.findMany({
    where: { userId: isIn(cast), role: 'OWNER' },
    orderBy: { teamId: 'asc' },
  });
  return rows.map(({ teamId, userId }) => ({ id: publicId('Team', teamId), owner: playedBy(cast, userId) }));
}

/** A person who is not the owner of their team. */
async function aMember(cast: Cast, { what }: Rolls) {
  const rows = await db.membership.findMany({
    where: { userId: isIn(cast), role: { not: 'OWNER' } },
    include: { team: { include: { memberships: { where: { role: 'OWNER' } } } } },
    orderBy: { id: 'asc' },
  });
  const { id, userId, teamId, team } = one(rows, what);
  return {
    id: publicId('Membership', id),
    userId: publicId('User', userId),
    teamId: publicId('Team', teamId),
    member: playedBy(cast, userId),
    owner: playedBy(cast, team.memberships[0]?.userId),
  };
}

function look({ how, target }: Rolls) {
  const dueOn =
    target % 3 === 0 ? null : new Date(Date.now() + ((target % 13) - 6) * DAY_MS).toISOString().slice(0, 10);
  const labels = LABELS.filter((_, n) => (how >> n) % 3 === 0);
  return { status: pick(statuses, how), priority: pick(priorities, how >> 2), dueOn, labels };
}

/** Where a task could be moved to. */
async function place(cast: Cast, { target, how }: Rolls) {
  const teams = await teamsOf(cast);
  const assigneeId = pick([null, ...cast.people.map(({ id }) => id)], target >> 1);
  const teamId = pick([null, ...teams.map(({ id }) => id)], target >> 4);
  return [{}, { assigneeId }, { teamId }, { teamId, assigneeId }][(how >> 5) % 4];
}

async function change<Data>(person: Person, name: string, input: object, answer = 'cursor'): Promise<Data> {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input!`;
  return person.query<Data>(`mutation ($input: ${type}) { ${name}(input: $input) { ${answer} } }`, { input });
}

type Act = (cast: Cast, rolls: Rolls) => Promise<unknown>;

const onTask =
  (name: string, more: (cast: Cast, rolls: Rolls) => object | Promise<object> = () => ({})): Act =>
  async (cast, chance) => {
    const { id, owner } = await aTask(cast, chance);
    return change(actorFor(cast, owner, chance), name, { id, ...(await more(cast, chance)) });
  };

const onTrash =
  (name: string): Act =>
  async (cast, chance) => {
    const rows = await db.trashedTask.findMany({ where: { ownerId: isIn(cast) }, orderBy: { id: 'asc' } });
    const { id, ownerId } = one(rows, chance.what);
    return change(actorFor(cast, playedBy(cast, ownerId), chance), name, { id: publicId('Task', id) });
  };

/** By the sender, or by the receiver, who can only give it up. */
const onShare =
  (name: string, more: (rolls: Rolls) => object = () => ({})): Act =>
  async (cast, chance) => {
    const rows = await db.taskShare.findMany({ where: { sharedById: isIn(cast) }, orderBy: { id: 'asc' } });
    const { id, sharedById, sharedWithId } = one(rows, chance.what);
    const actor = playedBy(cast, chance.who % 8 ? sharedById : sharedWithId);
    return change(actor, name, { id: publicId('TaskShare', id), ...more(chance) });
  };

async function createMany(cast: Cast, owner: Person, tasks: object[]): Promise<void> {
  const { createTasks } = await change<{ createTasks: { tasks: { id: string }[] } }>(
    owner,
    'createTasks',
    { tasks },
    'tasks { id }',
  );
  // A few of a hundred are enough to continue with.
  cast.tasks.push(...createTasks.tasks.slice(0, 8).map(({ id }) => uuidOf('Task', id)));
}

/** Planted tasks have a past, so that earlier days have numbers, too. */
async function plant(cast: Cast, { who, what, target, how }: Rolls): Promise<void> {
  const owner = one(cast.people, who);
  const now = Date.now();
  const rows = Array.from({ length: (how % 4) + 1 }, (_, n) => {
    const status = pick(statuses, how + n) ?? 'TODO';
    const createdAt = new Date(now - ((what * (n + 1)) % (10 * DAY_MS)));
    const startedAt = status === 'IN_PROGRESS' ? new Date(now) : null;
    const completedAt = status === 'DONE' ? new Date(now - ((target * (n + 1)) % (3 * DAY_MS))) : null;
    const ownerId = uuidOf('User', owner.id);
    return { id: newId(), title: 'Old', ownerId, status, createdAt, startedAt, completedAt };
  });
  await plantTasks(db, rows);
  cast.tasks.push(...rows.map(({ id }) => id));
}

async function shareOne(cast: Cast, chance: Rolls): Promise<void> {
  const { target, how } = chance;
  const { id, owner } = await aTask(cast, chance);
  const others = cast.people.filter((person) => person !== owner);
  const receiver = one(others, target);
  const { shareTask } = await change<{ shareTask: { link: string | null } }>(
    actorFor(cast, owner, chance),
    'shareTask',
    {
      taskId: id,
      email: receiver.email,
      permission: (how >> 1) % 2 === 0 ? 'EDIT' : 'VIEW',
      expiresAt: how % 2 === 0 ? new Date(Date.now() + 30 * MINUTE_MS).toISOString() : null,
    },
    'link',
  );
  if (shareTask.link) await change(receiver, 'acceptShare', { secret: secretOf(shareTask.link) });
}

/** Most steps in a team need several people. */
async function startTeam(owner: Person, guests: Person[]): Promise<void> {
  const { createTeam } = await change<{ createTeam: { team: { id: string } } }>(
    owner,
    'createTeam',
    { name: `Team ${newId()}` },
    'team { id }',
  );
  for (const guest of guests)
    if (guest !== owner) await accept(guest, await invite(owner, createTeam.team.id, guest.email, 'ADMIN'));
}

async function inviteOne(cast: Cast, { what, target, how }: Rolls): Promise<void> {
  const { id, owner } = one(await teamsOf(cast), what);
  const members = await db.membership.findMany({ where: { teamId: uuidOf('Team', id) } });
  const strangers = cast.people.filter((person) =>
    members.every(({ userId }) => userId !== uuidOf('User', person.id)),
  );
  const guest = one(strangers, target);
  await accept(guest, await invite(owner, id, guest.email, pick(ROLES, how)));
}

/** Kills connections of servers; their work fails or is repeated. */
async function sever(connections: string): Promise<void> {
  await using client = await openSession(databaseUrl);
  await client.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1`,
    [connections],
  );
}

/** A rebuild that is killed at a random point. */
async function killedRebuild({ how }: Rolls): Promise<void> {
  let parts = how % 5;
  await rebuildCounters(databaseUrl, () => {
    parts -= 1;
    if (parts <= 0) throw new Error('killed');
  }).catch(() => undefined);
}

/** All verbs that change numbers, some that must not, and folds, rebuilds, restarts and crashes. */
const acts = {
  plant,
  createTask: async (cast, chance) => {
    const owner = one(cast.people, chance.who);
    const details = { ...look(chance), ...(await place(cast, chance)) };
    cast.tasks.push(uuidOf('Task', await owner.createTask('New', details)));
  },
  createTasks: (cast, chance) =>
    createMany(
      cast,
      one(cast.people, chance.who),
      Array.from({ length: (chance.what % 20) + 1 }, () => ({ title: 'Many', ...look(chance) })),
    ),
  updateTask: onTask('updateTask', async (cast, chance) => ({
    ...look(chance),
    ...(await place(cast, chance)),
  })),
  placeTask: onTask('updateTask', place),
  updateTasks: async (cast, chance) => {
    const owner = one(cast.people, chance.who);
    const rows = await db.task.findMany({
      where: { ownerId: uuidOf('User', owner.id) },
      take: chance.what % 2 ? 12 : LARGEST_BATCH,
    });
    const place = chance.how % 3 ? {} : { teamId: null, assigneeId: owner.id };
    const tasks = rows.map(({ id }) => ({ id: publicId('Task', id), ...look(chance), ...place }));
    await change(owner, 'updateTasks', { tasks });
  },
  completeTask: onTask('completeTask'),
  reopenTask: onTask('reopenTask'),
  moveTask: onTask('moveTask', async (cast, { what, how, ...others }) => ({
    after: (await aTask(cast, { ...others, how, what: what + 1 })).id,
    status: pick(statuses, how),
  })),
  archiveTask: onTask('archiveTask', (_, { how }) => ({ archived: how % 3 > 0 })),
  deleteTask: onTask('deleteTask'),
  deleteTasks: async (cast, chance) => {
    const owner = one(cast.people, chance.who);
    const rows = await db.task.findMany({
      where: { id: { in: cast.tasks }, ownerId: uuidOf('User', owner.id) },
      take: (chance.what % 4) + 1,
    });
    return change(owner, 'deleteTasks', { tasks: rows.map(({ id }) => ({ id: publicId('Task', id) })) });
  },
  restoreTask: onTrash('restoreTask'),
  restoreTasks: async (cast, chance) => {
    const owner = one(cast.people, chance.who);
    const rows = await db.trashedTask.findMany({ where: { ownerId: uuidOf('User', owner.id) }, take: 3 });
    return change(owner, 'restoreTasks', { tasks: rows.map(({ id }) => ({ id: publicId('Task', id) })) });
  },
  purgeTask: onTrash('purgeTask'),
  addComment: async (cast, chance) => {
    const { id, owner } = await aTask(cast, chance);
    return change(actorFor(cast, owner, chance), 'addComment', { taskId: id, body: 'Well.' });
  },
  shareTask: shareOne,
  updateShare: onShare('updateShare', ({ how }) => ({
    permission: how % 2 === 0 ? 'EDIT' : 'VIEW',
    expiresAt: how % 3 === 0 ? null : new Date(Date.now() + 20 * MINUTE_MS).toISOString(),
  })),
  revokeShare: onShare('revokeShare'),
  createTeam: ({ people }, { who, what }) => startTeam(one(people, who), [one(people, what)]),
  inviteMember: inviteOne,
  changeRole: async (cast, chance) => {
    const { id, owner } = await aMember(cast, chance);
    return change(owner, 'changeRole', { id, role: pick(ROLES, chance.how) });
  },
  leaveTeam: async (cast, chance) => {
    const { teamId, member } = await aMember(cast, chance);
    return change(member, 'leaveTeam', { teamId });
  },
  removeMember: async (cast, chance) => {
    const { id, owner } = await aMember(cast, chance);
    return change(owner, 'removeMember', { id });
  },
  transferOwnership: async (cast, chance) => {
    const { teamId, userId, owner } = await aMember(cast, chance);
    return change(owner, 'transferOwnership', { teamId, userId });
  },
  deleteTeam: async (cast, { what }) => {
    const { id, owner } = one(await teamsOf(cast), what);
    return change(owner, 'deleteTeam', { id });
  },
  updateViewer: (cast, { who, how }) =>
    change(one(cast.people, who), 'updateViewer', { timezone: pick(ZONES, how) }),
  fold: () => foldAll(databaseUrl),
  foldBitByBit: () => foldAll(databaseUrl, 3),
  killFold: (_, { how }) => killedFold(databaseUrl, (how % 8) + 1),
  severFolder: () => sever('taskwire counters'),
  severServer: () => sever('taskwire'),
  restart: async () => (await startTestServer(databaseUrl)).stop(),
  rebuild: () => rebuildCounters(databaseUrl, () => undefined),
  killRebuild: (_, chance) => killedRebuild(chance),
} satisfies Record<string, Act>;

type Name = keyof typeof acts;
const NAMES = Object.keys(acts) as Name[];
/** How often each is attempted in a walk. Default: twice. */
const OFTEN: Partial<Record<Name, number>> = {
  createTask: 6,
  updateTask: 8,
  placeTask: 8,
  completeTask: 6,
  reopenTask: 4,
  moveTask: 4,
  archiveTask: 4,
  deleteTask: 6,
  restoreTask: 6,
  shareTask: 4,
  updateShare: 6,
  revokeShare: 4,
  createTeam: 4,
  inviteMember: 4,
};
const deck = NAMES.flatMap((name) => Array.from({ length: OFTEN[name] ?? 2 }, () => name));

const walks = fc.record({
  moment: fc.constantFrom(...MOMENTS),
  zones: fc.shuffledSubarray(ZONES, { minLength: 3, maxLength: 3 }),
  names: fc.shuffledSubarray(deck, { minLength: deck.length, maxLength: deck.length }),
  chances: fc.array(rolls, { minLength: deck.length, maxLength: deck.length }),
  pauses: fc.noBias(
    fc.array(fc.constantFrom(...PAUSES_MINUTES), { minLength: deck.length, maxLength: deck.length }),
  ),
});

const done = new Set<Name>();

/** Refusals are expected; other errors are not. */
async function attempt(cast: Cast, name: Name, chance: Rolls): Promise<void> {
  try {
    await acts[name](cast, chance);
    done.add(name);
  } catch (error) {
    if (error instanceof Pointless) return;
    if (!(error instanceof Refusal) || error.code === 'INTERNAL') throw error;
  }
}

interface Answered {
  dashboard: Numbers & { now: History; before: History };
}

/** The tolerance of a duration; durations up to a second are not distinguished. */
const isAbout = (found: number | null, exact: number | null) =>
  exact === null || found === null ? found === exact : Math.abs(found - exact) <= Math.max(1, exact * 0.0101);

function expectHistory(found: History, byHand: History, label: string): void {
  const { cycleTime, leadTime, ...others } = byHand;
  expect(found, label).toMatchObject(others);
  for (const [about, exact] of [
    [found.cycleTime, cycleTime],
    [found.leadTime, leadTime],
  ] as const) {
    const both = `${label}: ${JSON.stringify(about)} is ${JSON.stringify(exact)}`;
    expect(isAbout(about.median, exact.median) && isAbout(about.p85, exact.p85), both).toBe(true);
  }
}

async function expectExact({ people }: Cast): Promise<void> {
  await Promise.all(
    people.map(async (person) => {
      const viewer = uuidOf('User', person.id);
      const memberships = await db.membership.findMany({ where: { userId: viewer } });
      await expectScope(person, null, 'own');
      await expectScope(person, { assigned: true }, 'assigned');
      await expectScope(person, { ownedOrAssigned: true }, 'either');
      for (const { teamId } of memberships)
        await expectScope(person, { teamId: publicId('Team', teamId) }, { team: teamId });
      await expectOpenTasksOfTeams(person);
    }),
  );
}

async function expectOpenTasksOfTeams(person: Person): Promise<void> {
  const { teams } = await person.query<{ teams: { nodes: { id: string; openTaskCount: number }[] } }>(
    '{ teams(first: 100) { nodes { id openTaskCount } } }',
  );
  for (const { id, openTaskCount } of teams.nodes) {
    const asked = { viewer: uuidOf('User', person.id), of: { team: uuidOf('Team', id) }, days: 0 };
    const { statistics } = await countByHand(db, asked);
    expect(openTaskCount, `${person.name}, open tasks of a team`).toBe(statistics.pending);
  }
}

async function expectScope(person: Person, scope: object | null, of: Asked['of']): Promise<void> {
  const before = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  const { dashboard } = await person.query<Answered>(
    `query ($scope: DashboardScope, $days: Int!, $before: Date!) { dashboard(scope: $scope) { ${ALL_NUMBERS}
       now: history(days: $days) { ${HISTORY} } before: history(days: 1, asOf: $before) { ${HISTORY} } } }`,
    { scope, days: DAYS, before },
  );
  const label = `${person.name}, ${typeof of === 'string' ? of : 'of a team'}`;
  const asked = { viewer: uuidOf('User', person.id), of, days: DAYS };
  const { now, before: earlier, ...numbers } = dashboard;
  expect(numbers, label).toEqual(await countByHand(db, asked));
  expectHistory(now, await historyByHand(db, { ...asked, asOf: null }), `${label}, history`);
  expectHistory(
    earlier,
    await historyByHand(db, { ...asked, days: 1, asOf: before }),
    `${label}, as of ${before}`,
  );
}

/** Widgets are compared more rarely than dashboards, since they have many forms. */
async function expectMeasures({ people }: Cast, check: number): Promise<void> {
  for (const person of people) {
    const viewer = uuidOf('User', person.id);
    const memberships = await db.membership.findMany({ where: { userId: viewer } });
    for (const of of [
      'own',
      'assigned',
      'either',
      ...memberships.map(({ teamId }) => ({ team: teamId })),
    ] as const) {
      const isAsked = (n: number) => n % PARTS_OF_QUESTIONS === check % PARTS_OF_QUESTIONS;
      const answers = await expectMeasured(db, viewer, of, { days: DAYS, last: null, isAsked });
      await expectTasksBehind(person, answers, check);
      const last = new Date(Date.now() - (2 + (check % 3)) * DAY_MS).toISOString().slice(0, 10);
      await expectMeasured(db, viewer, of, { days: DAYS, last, isAsked: () => check % 2 === 0 });
    }
  }
}

/** The filter of a number lists as many tasks as the number says. */
async function expectTasksBehind(person: Person, answers: readonly Answer[], check: number): Promise<void> {
  const points = answers.flatMap(({ series }) => series.flatMap((each) => each.points));
  const listed = points.filter(({ filterText, value }) => filterText !== null && Number.isInteger(value));
  for (const { filterText, value } of listed.filter((_, n) => n % 41 === check % 41)) {
    const { tasks } = await person.query<{ tasks: { totalCount: number } }>(
      'query ($filterText: String) { tasks(filterText: $filterText, first: 0) { totalCount } }',
      { filterText },
    );
    expect(tasks.totalCount, `${person.name}, tasks of ${filterText}`).toBe(value);
  }
}

async function goTo(time: number): Promise<void> {
  vi.setSystemTime(time);
  await setClock(db, new Date(time));
}

test(
  '[SC-002] [BR-07] [BR-11] [BR-14] after random concurrent changes, folds and crashes, dashboards, histories and widgets equal a full count',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(walks, async ({ moment, zones, names, chances, pauses }) => {
        await goTo(Date.parse(moment));
        const { ada, bob, eve } = await world.people('Ada', 'Bob', 'Eve');
        const cast: Cast = { people: [ada, bob, eve], tasks: [] };
        for (const [n, person] of cast.people.entries())
          await change(person, 'updateViewer', { timezone: zones[n] });
        await startTeam(ada, [bob, eve]);
        for (const owner of cast.people)
          await createMany(cast, owner, [{ title: 'First' }, { title: 'Second' }]);
        for (const what of [0, 2, 4]) await shareOne(cast, { who: 1, what, target: what >> 1, how: 1 });
        await createMany(
          cast,
          bob,
          Array.from({ length: LARGEST_BATCH }, () => ({ title: 'Many' })),
        );
        for (let n = 0, steps = 0; n < names.length; steps += 1) {
          const together = 1 + ((chances[n]?.who ?? 0) % 4);
          await goTo(Date.now() + (pauses[n] ?? 0) * MINUTE_MS);
          await Promise.all(
            names.slice(n, n + together).map((name, i) => attempt(cast, name, chances[n + i] as Rolls)),
          );
          n += together;
          await expectExact(cast);
          // Unfolded events are not compared, since transactions elsewhere can delay folding.
          if (steps % FOLD_EVERY > 0) continue;
          await expectMeasures(cast, steps / FOLD_EVERY);
          await foldToTheEnd(databaseUrl, 5);
          await expectExact(cast);
        }
        expect(await differencesIn(databaseUrl)).toEqual([]);
      }),
      { numRuns: Number(process.env['WALKS'] ?? 2), endOnFailure: true },
    );
    expect([...done].sort(), 'every step succeeded at least once').toEqual(NAMES.toSorted());
  },
);
