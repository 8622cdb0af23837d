import { expect, test } from 'vitest';
import { watch } from '../kit/live.ts';
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
