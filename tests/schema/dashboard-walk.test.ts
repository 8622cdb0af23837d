import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { rebuildCounters } from '../../server/counters/rebuild.ts';
import { connect, disconnect } from '../../server/database/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { installClock, setClock } from '../kit/clock.ts';
import { ALL_NUMBERS, countByHand, type Asked, type Numbers } from '../kit/count-by-hand.ts';
import { differencesIn, foldAll, foldToTheEnd, killedFold } from '../kit/counters.ts';
import { startTestServer } from '../kit/server.ts';
import { plantTasks } from '../kit/tasks.ts';
import { accept, invite } from '../kit/team.ts';
import { Refusal, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' }, installClock);
const { databaseUrl } = world;
// Opened once the clock is there.
const db = connect(databaseUrl);
afterAll(() => disconnect(db));

const DAY_MS = 86_400_000;
const DAYS = 9;
const FOLD_EVERY = 8;
const ZONES = ['UTC', 'Pacific/Kiritimati', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Havana'];
/** Some of them on days on which the clocks change somewhere. */
const MOMENTS = [
  '2026-11-01T03:50:00Z',
  '2026-10-03T16:00:00Z',
  '2026-11-22T23:59:00Z',
  '2026-11-24T11:00:00Z',
];

/** What somebody does, and numbers of chance that say to what. */
const deeds = fc.record({
  act: fc.nat(),
  who: fc.nat(),
  what: fc.nat(),
  whom: fc.nat(),
  how: fc.nat(),
});
type Deed = typeof deeds extends fc.Arbitrary<infer D> ? D : never;

interface Cast {
  people: Person[];
  tasks: string[];
  teams: string[];
  memberships: string[];
  shares: string[];
  now: number;
}

const pick = <T>(values: readonly T[], n: number): T | undefined => values[n % Math.max(values.length, 1)];
const statuses = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const;
const priorities = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;

/** Where a task could go; null and undefined are in it too. */
function details({ people, teams, now }: Cast, { whom, how }: Deed) {
  const dueOn = how % 3 === 0 ? null : new Date(now + ((how % 13) - 6) * DAY_MS).toISOString().slice(0, 10);
  return {
    status: pick(statuses, how),
    priority: pick(priorities, how >> 2),
    dueOn,
    ...(how % 2 === 0 ? { teamId: pick([null, ...teams], whom) } : {}),
    ...(how % 5 < 2 ? { assigneeId: pick([null, ...people.map(({ id }) => id)], whom >> 1) } : {}),
  };
}

async function change<Data>(person: Person, name: string, input: object, answer = 'cursor'): Promise<Data> {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input!`;
  return person.query<Data>(`mutation ($input: ${type}) { ${name}(input: $input) { ${answer} } }`, { input });
}

type Act = (cast: Cast, person: Person, deed: Deed) => Promise<unknown>;

const onTask =
  (name: string, more: (cast: Cast, deed: Deed) => object = () => ({})): Act =>
  (cast, person, deed) =>
    change(person, name, { id: pick(cast.tasks, deed.what) ?? 'none', ...more(cast, deed) });
const onTeam =
  (name: string, more: (cast: Cast, deed: Deed) => object = () => ({})): Act =>
  (cast, person, deed) =>
    change(person, name, { teamId: pick(cast.teams, deed.what) ?? 'none', ...more(cast, deed) });

/** Planted tasks have lived a while, so that days other than today have some. */
const plant: Act = async (cast, person, { what, whom, how }) => {
  const rows = Array.from({ length: (how % 4) + 1 }, (_, n) => {
    const status = pick(statuses, how + n) ?? 'TODO';
    const createdAt = new Date(cast.now - ((what * (n + 1)) % (10 * DAY_MS)));
    const completedAt = status === 'DONE' ? new Date(cast.now - ((whom * (n + 1)) % (3 * DAY_MS))) : null;
    return { id: newId(), title: 'Old', ownerId: uuidOf('User', person.id), status, createdAt, completedAt };
  });
  await plantTasks(db, rows);
  cast.tasks.push(...rows.map(({ id }) => publicId('Task', id)));
};

const acts: Act[] = [
  plant,
  async (cast, person, deed) => cast.tasks.push(await person.createTask('New', details(cast, deed))),
  async (cast, person, deed) => {
    const tasks = Array.from({ length: (deed.what % 20) + 1 }, () => ({
      title: 'Many',
      ...details(cast, deed),
    }));
    const { createTasks } = await change<{ createTasks: { tasks: { id: string }[] } }>(
      person,
      'createTasks',
      { tasks },
      'tasks { id }',
    );
    cast.tasks.push(...createTasks.tasks.map(({ id }) => id));
  },
  onTask('updateTask', details),
  onTask('updateTask', details),
  async (cast, person, deed) =>
    change(person, 'updateTasks', {
      tasks: cast.tasks.slice(-12).map((id) => ({ id, ...details(cast, deed) })),
    }),
  onTask('completeTask'),
  onTask('reopenTask'),
  onTask('moveTask', (_, { how }) => ({ status: pick(statuses, how) })),
  onTask('archiveTask', (_, { how }) => ({ archived: how % 3 > 0 })),
  onTask('deleteTask'),
  async (cast, person, { what, whom, how }) => {
    const email = pick(cast.people, whom)?.email;
    const expiresAt = how % 3 === 0 ? new Date(cast.now + 3_600_000).toISOString() : null;
    const permission = how % 2 === 0 ? 'EDIT' : 'VIEW';
    const input = { taskId: pick(cast.tasks, what) ?? 'none', email, permission, expiresAt };
    const { shareTask } = await change<{ shareTask: { share: { id: string } } }>(
      person,
      'shareTask',
      input,
      'share { id }',
    );
    cast.shares.push(shareTask.share.id);
  },
  async (cast, person, { what }) => change(person, 'revokeShare', { id: pick(cast.shares, what) ?? 'none' }),
  (cast, person, { what }) => startTeam(cast, person, [pick(cast.people, what) ?? person]),
  async (cast, person, { what, whom, how }) => {
    const guest = pick(cast.people, whom);
    const role = pick(['ADMIN', 'MEMBER', 'VIEWER'], how);
    if (guest) await join(cast, person, pick(cast.teams, what) ?? 'none', guest, role);
  },
  onTeam('leaveTeam'),
  onTeam('transferOwnership', ({ people }, { whom }) => ({ userId: pick(people, whom)?.id })),
  async (cast, person, { what }) =>
    change(person, 'removeMember', { id: pick(cast.memberships, what) ?? 'none' }),
  async (cast, person, { what }) => change(person, 'deleteTeam', { id: pick(cast.teams, what) ?? 'none' }),
  (_, person, { how }) => change(person, 'updateViewer', { timezone: pick(ZONES, how) }),
  () => foldAll(databaseUrl),
  () => foldAll(databaseUrl, 3),
  (_, __, { how }) => killedFold(databaseUrl, (how % 8) + 1),
  async (_, __, { how }) => (how % 2 === 0 ? (await startTestServer(databaseUrl)).stop() : undefined),
  (_, __, { how }) => (how % 2 === 0 ? rebuildCounters(databaseUrl, () => undefined) : Promise.resolve()),
];

async function join(cast: Cast, leader: Person, team: string, guest: Person, role?: string): Promise<void> {
  cast.memberships.push(await accept(guest, await invite(leader, team, guest.email, role)));
}

/** Most of what can happen in a team takes more than one. */
async function startTeam(cast: Cast, leader: Person, guests: Person[]): Promise<void> {
  const { createTeam } = await change<{ createTeam: { team: { id: string } } }>(
    leader,
    'createTeam',
    { name: `Team ${newId()}` },
    'team { id }',
  );
  cast.teams.push(createTeam.team.id);
  for (const guest of guests)
    if (guest !== leader) await join(cast, leader, createTeam.team.id, guest, 'ADMIN');
}

/** Whatever is refused is refused for a reason; what breaks is not. */
async function attempt(cast: Cast, deed: Deed): Promise<void> {
  const person = pick(cast.people, deed.who);
  try {
    if (person) await pick(acts, deed.act)?.(cast, person, deed);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'INTERNAL') throw error;
  }
}

async function dashboardOf(person: Person, scope: object | null): Promise<Numbers> {
  const { dashboard } = await person.query<{ dashboard: Numbers }>(
    `query ($scope: DashboardScope, $days: Int!) { dashboard(scope: $scope) { ${ALL_NUMBERS} } }`,
    { scope, days: DAYS },
  );
  return dashboard;
}

async function expectExact({ people }: Cast): Promise<void> {
  for (const person of people) {
    const viewer = uuidOf('User', person.id);
    const byHand = (of: Asked['of']) => countByHand(db, { viewer, of, days: DAYS });
    expect(await dashboardOf(person, null), `${person.name}’s own`).toEqual(await byHand('own'));
    expect(await dashboardOf(person, { assigned: true }), `assigned to ${person.name}`).toEqual(
      await byHand('assigned'),
    );
    for (const { teamId } of await db.membership.findMany({ where: { userId: viewer } })) {
      expect(
        await dashboardOf(person, { teamId: publicId('Team', teamId) }),
        `a team’s, for ${person.name}`,
      ).toEqual(await byHand({ team: teamId }));
    }
  }
}

test(
  '[SC-002] [BR-07] [BR-11] [BR-14] whatever people do, together or in turn, and whoever folds or dies meanwhile, every dashboard equals counting by hand',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...MOMENTS),
        fc.array(fc.array(deeds, { minLength: 1, maxLength: 4 }), { minLength: 12, maxLength: 25 }),
        async (moment, steps) => {
          await setClock(db, new Date(moment));
          const { ada, bob, eve } = await world.people('Ada', 'Bob', 'Eve');
          const now = Date.parse(moment);
          const cast: Cast = {
            people: [ada, bob, eve],
            tasks: [],
            teams: [],
            memberships: [],
            shares: [],
            now,
          };
          await startTeam(cast, ada, [bob, eve]);
          for (const [n, together] of steps.entries()) {
            await Promise.all(together.map((deed) => attempt(cast, deed)));
            await expectExact(cast);
            // What is not folded yet says nothing of the folding, and transactions elsewhere can hold it up for long.
            if (n % FOLD_EVERY > 0) continue;
            await foldToTheEnd(databaseUrl, 5);
            await expectExact(cast);
          }
          expect(await differencesIn(databaseUrl)).toEqual([]);
        },
      ),
      { numRuns: Number(process.env['WALKS'] ?? 3), endOnFailure: true },
    );
  },
);
