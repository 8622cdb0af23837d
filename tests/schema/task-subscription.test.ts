import { expect, test } from 'vitest';
import { watch } from '../kit/live.ts';
import { giveShare } from '../kit/shares.ts';
import { accept, invite, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

interface Told {
  task: { cursor: string; task: { title: string; status: string; comments: { totalCount: number } } };
}

const TASK =
  'subscription ($id: ID!) { task(id: $id) { cursor task { title status comments { totalCount } } } }';

const watchTask = async (person: Person, id: string) => {
  const task = await watch<Told>(world, person, TASK, { id });
  await Promise.race([task.until(() => true), task.end]);
  return task;
};

test('[FR-021] a subscription to a task sends its current state, then each change', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const id = await ada.createTask('Mow the lawn');
  await giveShare(ada, bob, id);
  const ofBob = await watchTask(bob, id);
  expect(ofBob.told[0]?.task.task).toEqual({
    title: 'Mow the lawn',
    status: 'TODO',
    comments: { totalCount: 0 },
  });
  await ada.query(`mutation { addComment(input: { taskId: "${id}", body: "Mind the cat." }) { cursor } }`);
  await ofBob.until(({ task }) => task.task.comments.totalCount === 1);
  await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
  await ofBob.until(({ task }) => task.task.status === 'DONE');
});

test('[BR-08] an invisible task is answered like an unknown one', async () => {
  const { ada, eve } = await people('Ada', 'Eve');
  const id = await ada.createTask('a secret');
  const ofEve = await watchTask(eve, id);
  expect(await ofEve.end).toBe('NOT_FOUND');
  expect(ofEve.told).toEqual([]);
});

test('[BR-06] losing access to a task ends its subscription without further data', async () => {
  const { ada, bob, cyd, dan } = await people('Ada', 'Bob', 'Cyd', 'Dan');
  const team = await teamOf(ada, [
    [bob, 'MEMBER'],
    [cyd, 'MEMBER'],
  ]);
  const id = await ada.createTask('for the team', { teamId: team.id });
  const shareOfDan = await giveShare(ada, dan, id);
  const [ofAda, ofBob, ofCyd, ofDan] = await Promise.all(
    [ada, bob, cyd, dan].map((person) => watchTask(person, id)),
  );
  await ada.query('mutation ($id: ID!) { removeMember(input: { id: $id }) { cursor } }', {
    id: team.memberships.get(bob.id),
  });
  expect(await ofBob?.end).toBe('NOT_FOUND');
  await cyd.query(`mutation { leaveTeam(input: { teamId: "${team.id}" }) { cursor } }`);
  expect(await ofCyd?.end).toBe('NOT_FOUND');
  await ada.query('mutation ($id: ID!) { revokeShare(input: { id: $id }) { cursor } }', { id: shareOfDan });
  expect(await ofDan?.end).toBe('NOT_FOUND');

  await ada.query(`mutation { updateTask(input: { id: "${id}", title: "without them" }) { cursor } }`);
  await ofAda?.until(({ task }) => task.task.title === 'without them');
  for (const told of [ofBob, ofCyd, ofDan])
    expect(told?.told.map(({ task }) => task.task.title)).not.toContain('without them');
  await ada.query(`mutation { deleteTask(input: { id: "${id}" }) { cursor } }`);
  expect(await ofAda?.end).toBe('NOT_FOUND');
});

test('[BR-06] a deleted team ends its members’ access to its tasks', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'VIEWER']]);
  const id = await ada.createTask('for the team', { teamId: team.id });
  const ofBob = await watchTask(bob, id);
  await ada.query(`mutation { deleteTeam(input: { id: "${team.id}" }) { cursor } }`);
  expect(await ofBob.end).toBe('NOT_FOUND');
});

test('an expired share ends subscriptions of the task', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const id = await ada.createTask('borrowed');
  const expiresAt = new Date(Date.now() + 4_000);
  await giveShare(ada, bob, id, { expiresAt });
  const ofBob = await watchTask(bob, id);
  expect(ofBob.told).toHaveLength(1);
  expect(await ofBob.end).toBe('NOT_FOUND');
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
});

test('a person who leaves a team and rejoins sees its tasks again on the same socket', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const id = await ada.createTask('for the team', { teamId: team.id });
  await bob.query(`mutation { leaveTeam(input: { teamId: "${team.id}" }) { cursor } }`);
  const ofBob = await watchTask(bob, id);
  expect(await ofBob.end).toBe('NOT_FOUND');
  await accept(bob, await invite(ada, team.id, bob.email, 'MEMBER'));
  const again = await watchTask(bob, id);
  expect(again.told).toHaveLength(1);
});
