import { expect, test } from 'vitest';
import { dialAs, watch, type Frame } from '../kit/live.ts';
import { share } from '../kit/shares.ts';
import { recordedBy } from '../kit/statements.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();

interface Told {
  events: {
    event: {
      kind: string;
      actor?: { name: string } | null;
      task: {
        title: string;
        viewerCan?: { edit: boolean; delete: boolean };
        comments?: { nodes: { body: string }[] };
      } | null;
    } | null;
  };
}

async function follow(person: Person, selection: string, variables: object = {}) {
  const head = 'first' in variables ? '($first: Int!)' : '';
  const watching = await watch<Told>(
    world,
    person,
    `subscription ${head} { events { event { kind ${selection} } } }`,
    variables,
  );
  await watching.until(({ events }) => events.event === null);
  return watching;
}

const isOf = (title: string) => (told: Told) => told.events.event?.task?.title === title;

test('[FR-027] of one event each is told as much as they may see, also where they ask in the same words', async () => {
  const { ada, bob, cyd, dan } = await world.people('Ada', 'Bob', 'Cyd', 'Dan');
  const team = await teamOf(ada, [
    [bob, 'VIEWER'],
    [cyd, 'MEMBER'],
  ]);
  const id = await ada.createTask('one', { teamId: team.id });
  await share(world, id, { from: ada, to: dan, permission: 'EDIT' });
  const selection = 'actor { name } task { title viewerCan { edit delete } }';
  const all = await Promise.all([ada, bob, cyd, dan, ada].map((person) => follow(person, selection)));
  const rename = (title: string) =>
    ada.query(`mutation { updateTask(input: { id: "${id}", title: "${title}" }) { cursor } }`);
  await rename('two');
  const rights = async (title: string) =>
    Promise.all(all.map(async (each) => (await each.until(isOf(title))).events.event?.task?.viewerCan));
  expect(await rights('two')).toEqual([
    { edit: true, delete: true },
    { edit: false, delete: false },
    { edit: false, delete: false },
    { edit: true, delete: false },
    { edit: true, delete: true },
  ]);
  await ada.query('mutation ($input: ChangeRoleInput!) { changeRole(input: $input) { cursor } }', {
    input: { id: team.memberships.get(bob.id), role: 'ADMIN' },
  });
  await rename('three');
  expect((await rights('three'))[1]).toEqual({ edit: true, delete: true });
});

test('those who ask for the same but for a number get each their number', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('one');
  for (const body of ['first', 'second'])
    await ada.query(`mutation { addComment(input: { taskId: "${id}", body: "${body}" }) { cursor } }`);
  const selection = 'task { title comments(first: $first) { nodes { body } } }';
  const all = await Promise.all([1, 2].map((first) => follow(ada, selection, { first })));
  await ada.query(`mutation { updateTask(input: { id: "${id}", title: "two" }) { cursor } }`);
  const told = await Promise.all(all.map((each) => each.until(isOf('two'))));
  expect(told.map(({ events }) => events.event?.task?.comments?.nodes.length)).toEqual([1, 2]);
});

test('one event is read once for all who see the same, however many they are', async () => {
  const { ada, bob, cyd } = await world.people('Ada', 'Bob', 'Cyd');
  const team = await teamOf(ada, [
    [bob, 'MEMBER'],
    [cyd, 'VIEWER'],
  ]);
  const people = [ada, bob, cyd, bob, cyd, ada];
  const all = await Promise.all(people.map((person) => follow(person, 'task { title status }')));
  const statements = await recordedBy(async () => {
    await ada.query(`mutation { createTask(input: { title: "for all", teamId: "${team.id}" }) { cursor } }`);
    for (const each of all) await each.until(isOf('for all'));
  });
  expect(statements.filter(({ text }) => /^SELECT .* FROM "public"\."tasks"/s.test(text))).toHaveLength(1);
});

test('one answer goes to each of a socket’s subscriptions under its own id, in the order of what happens', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  const ids = ['one', 'with "quotes" and ☂'];
  const query = 'subscription { events { event { task { title } } } }';
  const isOf = (id: string, title: string) => (frame: Frame) =>
    frame.id === id && JSON.stringify(frame.payload).includes(title);
  for (const id of ids) {
    wire.send({ id, type: 'subscribe', payload: { query } });
    await wire.frame(isOf(id, 'null'));
  }
  const titles = Array.from({ length: 30 }, (_, n) => `task ${n} ☂`);
  for (const title of titles) await ada.createTask(title);
  for (const id of ids) {
    await wire.frame(isOf(id, titles.at(-1) ?? ''));
    const told = wire.frames.filter((frame) => frame.type === 'next' && frame.id === id).slice(1);
    expect(told.map(({ payload }) => payload)).toEqual(
      titles.map((title) => ({ data: { events: { event: { task: { title } } } } })),
    );
  }
});

test('whoever completes a subscription hears nothing more of it, also where an answer was on its way', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  const [left, stays] = ['left', 'stays'];
  const query = 'subscription { events { event { task { title } } } }';
  for (const id of [left, stays]) {
    wire.send({ id, type: 'subscribe', payload: { query } });
    await wire.frame((frame) => frame.id === id);
  }
  const writing = ada.createTask('while they leave');
  wire.send({ id: left, type: 'complete' });
  wire.send({ type: 'ping' });
  await wire.frame(({ type }) => type === 'pong');
  const before = wire.frames.filter(({ id }) => id === left).length;
  await writing;
  await ada.createTask('afterwards');
  await wire.frame((frame) => frame.id === stays && JSON.stringify(frame.payload).includes('afterwards'));
  expect(wire.frames.filter(({ id }) => id === left)).toHaveLength(before);
});
