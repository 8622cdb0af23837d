import { expect, test } from 'vitest';
import { watchEvents, type EventTold, type Watch } from '../kit/live.ts';
import { giveShare, share } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Refusal } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;

const titles = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.task?.title ?? []);
const kinds = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.kind ?? []);
const isOf = (title: string) => (told: EventTold) => told.events.event?.task?.title === title;

test('[FR-021] [SC-004] a person sees their change within a second on other devices', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(world, ada);
  const before = Date.now();
  const id = await ada.createTask('Water the plants');
  const { events: told } = await events.until(isOf('Water the plants'));
  expect(Date.now() - before).toBeLessThan(1_000);
  expect(told.event).toMatchObject({
    kind: 'TASK_CREATED',
    task: { id, title: 'Water the plants' },
  });
});

test('[FR-021] [FR-022] each kind of change of a task is delivered, in order', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const events = await watchEvents(world, ada);
  const id = await ada.createTask('Paint the fence');
  for (const change of [
    `updateTask(input: { id: "${id}", priority: HIGH }) { cursor }`,
    `completeTask(input: { id: "${id}" }) { cursor }`,
    `reopenTask(input: { id: "${id}" }) { cursor }`,
  ])
    await ada.query(`mutation { ${change} }`);
  await giveShare(ada, bob, id);
  await ada.query(`mutation { deleteTask(input: { id: "${id}" }) { cursor } }`);
  for (const verb of ['restoreTask', 'deleteTask', 'purgeTask'])
    await ada.query(`mutation { ${verb}(input: { id: "${id}" }) { cursor } }`);
  await events.until(({ events: { event } }) => event?.kind === 'TASK_PURGED');
  expect(kinds(events)).toEqual([
    'TASK_CREATED',
    'TASK_UPDATED',
    'TASK_COMPLETED',
    'TASK_REOPENED',
    'TASK_SHARE_OFFERED',
    'TASK_SHARE_ACCEPTED',
    'TASK_DELETED',
    'TASK_RESTORED',
    'TASK_DELETED',
    'TASK_PURGED',
  ]);
});

test('[FR-027] [BR-17] the receiver of a share follows a restored task again, but learns nothing of its trash', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const id = await ada.createTask('Paint the fence');
  await giveShare(ada, bob, id);
  const change = (verb: string, more = '') =>
    ada.query(`mutation { ${verb}(input: { id: "${id}" ${more}}) { cursor } }`);
  await change('deleteTask');
  const events = await watchEvents(world, bob);
  await change('restoreTask');
  await change('updateTask', 'title: "Paint it green" ');
  await events.until(isOf('Paint it green'));
  await change('deleteTask');
  await change('purgeTask');
  await events.until(({ events: { event } }) => event?.kind === 'TASK_DELETED');
  await bob.createTask('Another');
  await events.until(isOf('Another'));
  expect(kinds(events)).toEqual(['TASK_RESTORED', 'TASK_UPDATED', 'TASK_DELETED', 'TASK_CREATED']);
});

test('[FR-027] events are delivered only to people who can see them', async () => {
  const { ada, bob, cyd } = await people('Ada', 'Bob', 'Cyd');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const [ofBob, ofCyd] = await Promise.all([watchEvents(world, bob), watchEvents(world, cyd)]);
  await ada.createTask('a secret');
  await ada.createTask('for the team', { teamId: team.id });
  await cyd.createTask('my own');
  await Promise.all([ofBob.until(isOf('for the team')), ofCyd.until(isOf('my own'))]);
  expect(titles(ofBob)).toEqual(['for the team']);
  expect(titles(ofCyd)).toEqual(['my own']);
});

test('[FR-021] a team learns that a task has left it, but not where it was moved', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const other = await teamOf(ada);
  const id = await ada.createTask('for the team', { teamId: team.id });
  const [ofAda, ofBob] = await Promise.all([watchEvents(world, ada), watchEvents(world, bob)]);
  for (const place of [`teamId: "${other.id}"`, 'teamId: null'])
    await ada.query(`mutation { updateTask(input: { id: "${id}", ${place} }) { cursor } }`);
  await bob.createTask('my own');
  await ofAda.until(() => kinds(ofAda).length === 4);
  await ofBob.until(isOf('my own'));
  expect(kinds(ofAda)).toEqual(['TASK_UPDATED', 'TASK_LEFT_TEAM', 'TASK_UPDATED', 'TASK_LEFT_TEAM']);
  expect(kinds(ofBob)).toEqual(['TASK_LEFT_TEAM', 'TASK_CREATED']);
  expect(titles(ofBob)).toEqual(['my own']);

  const { activity } = await bob.query<{ activity: { nodes: { kind: string; changes: unknown[] }[] } }>(
    `{ activity(first: 1, filter: { team: { eq: "${team.id}" } }) { nodes { kind changes { field } } } }`,
  );
  expect(activity.nodes).toEqual([{ kind: 'TASK_LEFT_TEAM', changes: [] }]);
});

test('a filter excludes other events', async () => {
  const { ada } = await people('Ada');
  const team = await teamOf(ada);
  const id = await ada.createTask('this one');
  const [ofTeam, ofTask, ofKind] = await Promise.all([
    watchEvents(world, ada, { filter: { teamId: team.id } }),
    watchEvents(world, ada, { filter: { taskId: id } }),
    watchEvents(world, ada, { filter: { kinds: ['TASK_COMPLETED'] } }),
  ]);
  await ada.createTask('for the team', { teamId: team.id });
  await ada.query(`mutation { addComment(input: { taskId: "${id}", body: "Mind the cat." }) { cursor } }`);
  await ada.query(`mutation { completeTask(input: { id: "${id}" }) { cursor } }`);
  await Promise.all([
    ofTeam.until(isOf('for the team')),
    ofTask.until(({ events: { event } }) => event?.kind === 'TASK_COMPLETED'),
    ofKind.until(({ events: { event } }) => event?.kind === 'TASK_COMPLETED'),
  ]);
  expect(kinds(ofTeam)).toEqual(['TASK_CREATED']);
  expect(kinds(ofTask)).toEqual(['COMMENT_ADDED', 'TASK_COMPLETED']);
  expect(kinds(ofKind)).toEqual(['TASK_COMPLETED']);
});

test('[FR-017] [SC-003] resuming from a cursor delivers missed events once and in order, then new ones', async () => {
  const { ada } = await people('Ada');
  const first = await watchEvents(world, ada);
  await ada.createTask('seen');
  const { events } = await first.until(isOf('seen'));
  first.wire.socket.terminate();
  for (const title of ['missed 1', 'missed 2', 'missed 3']) await ada.createTask(title);

  const second = await watchEvents(world, ada, { after: events.cursor });
  await ada.createTask('live');
  await second.until(isOf('live'));
  expect(titles(second)).toEqual(['missed 1', 'missed 2', 'missed 3', 'live']);
});

test('[FR-017] no event is lost between a query and a subscription after its cursor', async () => {
  const { ada } = await people('Ada');
  const { cursor } = await ada.query<{ cursor: string }>('{ tasks { totalCount } cursor }');
  await ada.createTask('in between');
  const events = await watchEvents(world, ada, { after: cursor });
  await events.until(isOf('in between'));
});

test('the cursor of a change leads to later events', async () => {
  const { ada } = await people('Ada');
  const { createTask } = await ada.query<{ createTask: { cursor: string } }>(
    'mutation { createTask(input: { title: "first" }) { cursor } }',
  );
  await ada.createTask('second');
  const events = await watchEvents(world, ada, { after: createTask.cursor });
  await events.until(isOf('second'));
  expect(titles(events)).toEqual(['second']);
});

test('a cursor of another log, or an old format, gets CURSOR_EXPIRED', async () => {
  const { ada } = await people('Ada');
  const cursor = (text: string) => Buffer.from(text).toString('base64url');
  const ofAnother = await watchEvents(world, ada, { after: cursor('00000000.1z.4') });
  const ofOld = await watchEvents(world, ada, { after: cursor('1z.4') });
  const ofNone = await watchEvents(world, ada, { after: 'what?' });
  expect(await ofAnother.end).toBe('CURSOR_EXPIRED');
  expect(await ofOld.end).toBe('CURSOR_EXPIRED');
  expect(await ofNone.end).toBe('VALIDATION_FAILED');
});

test('an oversized cursor is rejected without delaying others', async () => {
  const { ada } = await people('Ada');
  const { cursor } = await ada.query<{ cursor: string }>('{ cursor }');
  const [epoch] = Buffer.from(cursor, 'base64url').toString().split('.');
  const digits = '9'.repeat(300_000);
  for (const place of [`${digits}.0`, `1.${digits}`, `1.0.${digits}`, `1.0.1.${digits}`]) {
    const after = Buffer.from(`${epoch}.${place}`).toString('base64url');
    const startedAt = Date.now();
    expect(await (await watchEvents(world, ada, { after })).end).toBe('VALIDATION_FAILED');
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  }
});

test('[BR-06] a person gets a team’s events from joining until leaving', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const events = await watchEvents(world, bob);
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  await ada.createTask('together', { teamId: team.id });
  await events.until(isOf('together'));
  await bob.query(`mutation { leaveTeam(input: { teamId: "${team.id}" }) { cursor } }`);
  await ada.createTask('without him', { teamId: team.id });
  await bob.createTask('alone');
  await events.until(isOf('alone'));
  expect(titles(events)).toEqual(['together', 'alone']);
});

test('an expired share ends its events', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const id = await ada.createTask('borrowed');
  await share(world, id, { from: ada, to: bob, expiresAt: new Date(Date.now() + 4_000) });
  const events = await watchEvents(world, bob, { filter: { kinds: ['TASK_UPDATED', 'TASK_CREATED'] } });
  await ada.query(`mutation { updateTask(input: { id: "${id}", priority: LOW }) { cursor } }`);
  await events.until(isOf('borrowed'));
  await expect
    .poll(
      () => bob.query(`{ task(id: "${id}") { id } }`).catch((error: unknown) => (error as Refusal).code),
      { timeout: 15_000 },
    )
    .toBe('NOT_FOUND');
  await ada.query(`mutation { updateTask(input: { id: "${id}", priority: HIGH }) { cursor } }`);
  await bob.createTask('own');
  await events.until(isOf('own'));
  expect(kinds(events)).toEqual(['TASK_UPDATED', 'TASK_CREATED']);
});
