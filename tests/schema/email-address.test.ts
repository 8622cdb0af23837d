import { expect, test } from 'vitest';
import { watch } from '../kit/live.ts';
import { share } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld();
const { ada, bob, cleo } = await world.people('Ada', 'Bob', 'Cleo');
await teamOf(ada, [[bob, 'MEMBER']]);
const task = await ada.createTask('Paint the fence');
for (const to of [bob, cleo]) await share(world, task, { from: ada, to });
await ada.query('mutation ($id: ID!) { addComment(input: { taskId: $id, body: "Green" }) { cursor } }', {
  id: task,
});

const EVERYWHERE = `query ($task: ID!, $ada: ID!) {
  node(id: $ada) { ... on User { email } }
  nodes(ids: [$ada]) { ... on User { email } }
  task(id: $task) {
    owner { email }
    shares { nodes { sharedBy { email } } }
    comments { nodes { author { email } } }
  }
  tasks { nodes { owner { email } } edges { node { owner { id name email } } } }
  activity { nodes { actor { email } } }
  search(query: "fence") { node { ... on Task { owner { email } } } }
}`;

function addressesIn(answer: unknown): Set<unknown> {
  return new Set(
    Array.from(JSON.stringify(answer).matchAll(/"email":("[^"]*"|null)/g), ([, found]) => found),
  );
}

test('[BR-15] a person’s address is visible to themselves and their teams only, in every field (M11)', async () => {
  const variables = { task, ada: ada.id };
  const shown = async (person: typeof ada) => addressesIn(await person.query(EVERYWHERE, variables));
  expect(await shown(ada)).toContain(`"${ada.email}"`);
  expect(await shown(bob)).toContain(`"${ada.email}"`);
  expect(await shown(cleo)).toEqual(new Set(['null', `"${cleo.email}"`]));
  await teamOf(ada, [[cleo, 'VIEWER']]);
  expect(await shown(cleo)).toContain(`"${ada.email}"`);
});

test('[BR-15] the same holds for subscriptions, also if many people follow the same object (M11)', async () => {
  const { dan } = await world.people('Dan');
  await share(world, task, { from: ada, to: dan });
  const document = 'subscription ($id: ID!) { task(id: $id) { task { title owner { email } } } }';
  interface Told {
    task: { task: { title: string; owner: { email: string | null } } };
  }
  const watches = await Promise.all(
    [ada, bob, dan].map((person) => watch<Told>(world, person, document, { id: task })),
  );
  for (const each of watches) await each.until(() => true);
  await ada.query('mutation ($id: ID!) { updateTask(input: { id: $id, title: "Red" }) { cursor } }', {
    id: task,
  });
  const told = await Promise.all(
    watches.map((each) => each.until(({ task: { task: now } }) => now.title === 'Red')),
  );
  expect(told.map((each) => each.task.task.owner.email)).toEqual([ada.email, ada.email, null]);
});
