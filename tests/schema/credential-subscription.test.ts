import { expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { watchEvents } from '../kit/live.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

test('[FR-011] signing out ends deliveries on all sockets', async () => {
  const { ada } = await people('Ada');
  const [one, two] = await Promise.all([watchEvents(world, ada), watchEvents(world, ada)]);
  await ada.query('mutation { signOut { signedOut } }');
  for (const { wire } of [one, two])
    expect(await wire.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
});

test('[FR-011] a session that is deleted in the database ends its sockets', async () => {
  const { ada } = await people('Ada');
  const { wire } = await watchEvents(world, ada);
  await world.db.session.deleteMany({ where: { userId: uuidOf('User', ada.id) } });
  expect(await wire.closed).toMatchObject({ code: 4401 });
});

test('[FR-011] a revoked token ends its own subscriptions, and no others', async () => {
  const { ada } = await people('Ada');
  const [revoked, kept] = [await apiTokenOf(ada), await apiTokenOf(ada)];
  const [ofRevoked, ofKept] = await Promise.all([watchEvents(world, revoked), watchEvents(world, kept)]);
  await ada.query(`mutation { revokeApiToken(input: { id: "${revoked.id}" }) { cursor } }`);
  expect(await ofRevoked.wire.closed).toMatchObject({ code: 4401 });
  await ada.createTask('afterwards');
  await ofKept.until(({ events: { event } }) => event?.kind === 'TASK_CREATED');
});

test('[FR-011] an expired session ends its subscriptions', async () => {
  const { ada } = await people('Ada');
  const expiresAt = new Date(Date.now() + 3_000);
  await world.db.session.updateMany({ where: { userId: uuidOf('User', ada.id) }, data: { expiresAt } });
  const events = await watchEvents(world, ada);
  expect(events.told).toHaveLength(1);
  expect(await events.wire.closed).toMatchObject({ code: 4401 });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
});

test('[FR-011] an expired token ends its subscriptions', async () => {
  const { ada } = await people('Ada');
  const expiresAt = new Date(Date.now() + 3_000);
  const events = await watchEvents(world, await apiTokenOf(ada, { expiresAt: expiresAt.toISOString() }));
  expect(events.told).toHaveLength(1);
  expect(await events.wire.closed).toMatchObject({ code: 4401 });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
});
