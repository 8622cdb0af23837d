import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dialAs, watchEvents, watchOn, type Wire } from '../kit/live.ts';
import { recordedBy } from '../kit/statements.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ RATE_LIMIT_POINTS: '0' });

const PAGE =
  '{ dashboard { statistics { total pending } } tasks(first: 10) { nodes { id title } totalCount } }';

/** A parent with thirty subtasks, each with two comments. */
async function family(person: Person): Promise<string> {
  const parentId = await person.createTask('parent');
  const { createTasks } = await person.query<{ createTasks: { tasks: { id: string }[] } }>(
    'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { tasks { id } } }',
    { tasks: Array.from({ length: 30 }, (_, n) => ({ title: `Task ${n}`, parentId })) },
  );
  for (const { id } of createTasks.tasks)
    await person.query(`mutation { addComment(input: { taskId: "${id}", body: "words" }) { cursor } }`);
  return parentId;
}

const subscribe = (wires: Wire[], many: number, nameOf: (n: number) => string) =>
  Array.from({ length: many }, (_, n) => {
    const wire = wires[n % wires.length];
    if (!wire) throw new Error('there is a wire');
    return watchOn<{ events: { event: { task: { title: string } | null } | null } }>(
      wire,
      `subscription ${nameOf(n)} { events { cursor event { task {
        title subtasks(first: 30) { nodes { title owner { name } viewerCan { edit } comments(first: 5) { nodes { body author { name } } } } }
      } } } }`,
    );
  });

/** The response time of a person's page in milliseconds, during other work. */
async function waitsOf(person: Person, rounds: number, between: (round: number) => Promise<unknown>) {
  const waits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const changed = between(round);
    await sleep(50);
    const began = performance.now();
    await person.query(PAGE);
    waits.push(performance.now() - began);
    await changed;
    await sleep(200);
  }
  return waits.sort((a, b) => a - b);
}

const atShare = (waits: number[], share: number) => waits[Math.floor((waits.length - 1) * share)] ?? 0;

test(
  '[BR-19] one person’s 300 subscriptions and four changes a second do not delay others (H5)',
  { timeout: 120_000 },
  async () => {
    const { ada, bob } = await world.people('Ada', 'Bob');
    const id = await family(ada);
    const change = (round: number) =>
      ada.query(`mutation { updateTask(input: { id: "${id}", title: "change ${round}" }) { cursor } }`);
    const without = await waitsOf(bob, 8, change);
    const wires = await Promise.all([1, 2, 3, 4].map(() => dialAs(world, ada)));
    const mine = subscribe(wires, 300, (n) => `Own${n}`);
    await Promise.all(mine.map((each) => each.until(() => true)));
    const events = await watchEvents(world, bob);
    const during = await waitsOf(bob, 12, async (round) => {
      await Promise.all([change(round), bob.createTask(`of Bob ${round}`)]);
    });
    expect(atShare(during, 0.9)).toBeLessThan(1_000 + 4 * atShare(without, 0.9));
    await events.until((told) => told.events.event?.task?.title === 'of Bob 11');
    expect(events.told.filter(({ events: { event } }) => event?.kind === 'TASK_CREATED')).toHaveLength(12);
    for (const wire of wires) wire.socket.terminate();
  },
);

test('[BR-19] equal subscriptions of one person are executed once, however many there are (H5)', async () => {
  const { ada } = await world.people('Ada');
  const id = await family(ada);
  const rename = (title: string) =>
    ada.query(`mutation { updateTask(input: { id: "${id}", title: "${title}" }) { cursor } }`);
  const costOf = async (many: number) => {
    const wires = await Promise.all([1, 2, 3].map(() => dialAs(world, ada)));
    const all = subscribe(wires, many, () => 'Same');
    await Promise.all(all.map((each) => each.until(() => true)));
    const statements = await recordedBy(async () => {
      await rename(`for ${many}`);
      for (const each of all) await each.until((told) => told.events.event?.task?.title === `for ${many}`);
    });
    for (const wire of wires) wire.socket.close();
    await Promise.all(wires.map(({ closed }) => closed));
    return statements.length;
  };
  const ofOne = await costOf(1);
  // Statements of others in the process count too.
  expect(await costOf(300)).toBeLessThan(ofOne + 10);
});
