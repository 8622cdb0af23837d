import { expect, test } from 'vitest';
import { watch } from '../kit/live.ts';
import { giveShare, share } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

interface Told {
  dashboard: {
    cursor: string;
    statistics: { total: number; pending: number; completed: number; shared: number };
    createdPerDay: { count: number }[];
  };
}

const DASHBOARD = `subscription ($scope: DashboardScope) {
  dashboard(scope: $scope) { cursor statistics { total pending completed shared } createdPerDay(days: 1) { count } }
}`;

const watchDashboard = async (person: Person, scope?: object) => {
  const dashboard = await watch<Told>(world, person, DASHBOARD, { scope });
  await Promise.race([dashboard.until(() => true), dashboard.end]);
  return dashboard;
};

test('[FR-010] [SC-004] the numbers are sent at once, and again when they change', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const dashboard = await watchDashboard(ada);
  const zero = { total: 0, pending: 0, completed: 0, shared: 0 };
  expect(dashboard.told).toMatchObject([{ dashboard: { statistics: zero } }]);
  const id = await ada.createTask('one');
  await dashboard.until(({ dashboard: { statistics } }) => statistics.pending === 1);
  await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
  const { dashboard: now } = await dashboard.until(
    ({ dashboard: { statistics } }) => statistics.completed === 1,
  );
  expect(now).toMatchObject({ statistics: { total: 1, pending: 0 }, createdPerDay: [{ count: 1 }] });
  const ofBob = await bob.createTask('his');
  await giveShare(bob, ada, ofBob);
  await dashboard.until(({ dashboard: { statistics } }) => statistics.shared === 1);
});

test('an expired share is no longer counted', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const id = await ada.createTask('borrowed');
  const endsAt = Date.now() + 4_000;
  await share(world, id, { from: ada, to: bob, expiresAt: new Date(endsAt) });
  const dashboard = await watchDashboard(bob);
  expect(dashboard.told).toMatchObject([{ dashboard: { statistics: { shared: 1 } } }]);
  await dashboard.until(({ dashboard: { statistics } }) => statistics.shared === 0);
  expect(Date.now() - endsAt).toBeLessThan(2_000);
});

test('many concurrent changes cause few messages, and the last one is complete', async () => {
  const { ada } = await people('Ada');
  const dashboard = await watchDashboard(ada);
  const startedAt = Date.now();
  await Promise.all(Array.from({ length: 40 }, (_, index) => ada.createTask(`task ${index}`)));
  await dashboard.until(({ dashboard: { statistics } }) => statistics.total === 40);
  const windows = Math.ceil((Date.now() - startedAt) / 250);
  expect(dashboard.told.length).toBeLessThanOrEqual(windows + 2);
});

test('[BR-06] members get a team’s numbers as long as they are in the team', async () => {
  const { ada, bob, eve } = await people('Ada', 'Bob', 'Eve');
  const team = await teamOf(ada, [[bob, 'VIEWER']]);
  expect(await (await watchDashboard(eve, { teamId: team.id })).end).toBe('NOT_FOUND');
  const ofBob = await watchDashboard(bob, { teamId: team.id });
  await ada.createTask('for the team', { teamId: team.id });
  await ofBob.until(({ dashboard: { statistics } }) => statistics.total === 1);
  await bob.query(`mutation { leaveTeam(input: { teamId: "${team.id}" }) { cursor } }`);
  expect(await ofBob.end).toBe('NOT_FOUND');
});
