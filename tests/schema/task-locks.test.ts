import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { openSession } from '../kit/session.ts';
import { share } from '../kit/shares.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people, databaseUrl } = world;

let ada: Person;
let bob: Person;
let task: string;

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
});

beforeEach(async () => {
  task = await ada.createTask('Tea');
});

/** Locks a task like a long change. @returns a function that releases it. */
async function hold(id: string): Promise<() => Promise<unknown>> {
  const client = await openSession(databaseUrl);
  onTestFinished(() => client.end());
  await client.query('BEGIN');
  await client.query('SELECT FROM tasks WHERE id = $1 FOR UPDATE', [uuidOf('Task', id)]);
  return () => client.query('COMMIT');
}

async function waitsForALock(): Promise<void> {
  const waiting = () =>
    db.$queryRaw<unknown[]>`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await waiting()).length, { interval: 20 }).toBeGreaterThan(0);
}

const verbs = {
  updateTask: () => ({ id: task, title: 'Coffee' }),
  updateTasks: () => ({ tasks: [{ id: task, title: 'Coffee' }] }),
  completeTask: () => ({ id: task }),
  archiveTask: () => ({ id: task }),
  deleteTask: () => ({ id: task }),
  shareTask: () => ({ taskId: task, email: ada.email }),
  addComment: () => ({ taskId: task, body: 'Green?' }),
};

function send(person: Person, verb: keyof typeof verbs) {
  const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
  return outcome(
    person.query(`mutation ($input: ${type}!) { ${verb}(input: $input) { cursor } }`, {
      input: verbs[verb](),
    }),
  );
}

test.each(Object.keys(verbs) as (keyof typeof verbs)[])(
  '[BR-08] a stranger’s %s neither waits for a locked task nor locks it',
  async (verb) => {
    const letGo = await hold(task);
    const answer = await Promise.race([send(bob, verb), waitsForALock().then(() => 'waits')]);
    await letGo();
    expect(answer).toBe('NOT_FOUND');
  },
);

const EDITS = ['updateTask', 'updateTasks', 'completeTask', 'archiveTask'] as const;

test.each(EDITS)('[BR-06] %s that waited for a task uses the rights after the wait', async (verb) => {
  await share(world, task, { from: ada, to: bob, permission: 'EDIT' });
  const letGo = await hold(task);
  const answer = send(bob, verb);
  await waitsForALock();
  await db.taskShare.deleteMany({ where: { taskId: uuidOf('Task', task) } });
  await letGo();
  expect(await answer).toBe('NOT_FOUND');
});

test('[BR-06] a member who is removed while their change waits does not change the team’s task', async () => {
  const { id: teamId, memberships } = await teamOf(ada, [[bob, 'ADMIN']]);
  task = await ada.createTask('Tea', { teamId });
  const letGo = await hold(task);
  const answer = send(bob, 'updateTask');
  await waitsForALock();
  await ada.query('mutation ($id: ID!) { removeMember(input: { id: $id }) { cursor } }', {
    id: memberships.get(bob.id),
  });
  await letGo();
  expect(await answer).toBe('NOT_FOUND');
});

test('[BR-04] an admin who becomes a viewer while their change waits does not change the team’s task', async () => {
  const { id: teamId, memberships } = await teamOf(ada, [[bob, 'ADMIN']]);
  task = await ada.createTask('Tea', { teamId });
  const letGo = await hold(task);
  const answer = send(bob, 'updateTask');
  await waitsForALock();
  await ada.query('mutation ($id: ID!) { changeRole(input: { id: $id, role: VIEWER }) { cursor } }', {
    id: memberships.get(bob.id),
  });
  await letGo();
  expect(await answer).toBe('FORBIDDEN');
});
