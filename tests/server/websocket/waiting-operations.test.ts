import { expect, onTestFinished, test } from 'vitest';
import { dialAs, type Wire } from '../../kit/live.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ SOCKETS_PER_PERSON: '30', RATE_LIMIT_POINTS: '0' });

const LIST = '{ tasks(first: 1) { nodes { title } } }';

async function waitingOperations(): Promise<number> {
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  return Number(/^taskwire_kept{what="waiting payloads"} (.*)$/m.exec(metrics)?.[1]);
}

/** Every read of tasks waits until it times out. @returns a function that ends this. */
async function lockTasks(): Promise<() => Promise<unknown>> {
  const holder = await openSession(world.databaseUrl);
  onTestFinished(() => holder.end());
  await holder.query('BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
  return () => holder.query('ROLLBACK');
}

function ask(wire: Wire, times: number, query: string) {
  for (let id = 0; id < times; id += 1) wire.send({ id: String(id), type: 'subscribe', payload: { query } });
}

test('[BR-19] queries of a closed socket, or that were completed, are not kept and not run', async () => {
  const { ada } = await world.people('Ada');
  await lockTasks();
  const [wire, other] = [await dialAs(world, ada), await dialAs(world, ada)];
  ask(wire, 90, LIST);
  ask(other, 60, LIST);
  await expect.poll(waitingOperations).toBeGreaterThan(140);
  for (let id = 0; id < 60; id += 1) other.send({ id: String(id), type: 'complete' });
  await expect.poll(waitingOperations, { timeout: 1_500 }).toBeLessThan(90);
  wire.socket.terminate();
  await expect.poll(waitingOperations, { timeout: 1_500 }).toBe(0);
});

test('[BR-10] a change that was sent is made, even if the socket closes before its turn', async () => {
  const { bob } = await world.people('Bob');
  const wire = await dialAs(world, bob);
  const unlock = await lockTasks();
  ask(wire, 20, LIST);
  const query = 'mutation { createTask(input: { title: "Sent in time" }) { cursor } }';
  wire.send({ id: 'change', type: 'subscribe', payload: { query } });
  await expect.poll(waitingOperations).toBeGreaterThan(10);
  wire.socket.terminate();
  await expect.poll(waitingOperations).toBeLessThan(2);
  await unlock();
  await expect.poll(() => bob.query(LIST)).toEqual({ tasks: { nodes: [{ title: 'Sent in time' }] } });
});

test('[BR-19] at most 2,500 operations of a person wait, and other people are not affected', async () => {
  const { cyd, dan } = await world.people('Cyd', 'Dan');
  await lockTasks();
  const wires = await Promise.all(Array.from({ length: 28 }, () => dialAs(world, cyd)));
  let refused = 0;
  for (const wire of wires) {
    wire.socket.on('message', (data: Buffer) => {
      if (data.toString().includes('Too many concurrent requests')) refused += 1;
    });
    ask(wire, 100, LIST);
  }
  await expect.poll(() => refused).toBeGreaterThan(100);
  expect(await waitingOperations()).toBeLessThanOrEqual(2_600);
  expect(await dan.query('{ viewer { name } }')).toEqual({ viewer: { name: 'Dan' } });
  for (const wire of wires) wire.socket.terminate();
  await expect.poll(waitingOperations).toBe(0);
});
