import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FairQueue, Job } from '../../../server/live/fair-queue.ts';

/** Work that ends on request. */
function held(order: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const work = () => {
    order.push(name);
    return promise;
  };
  return { work, end: () => resolve(undefined) };
}

const settled = async () => {
  for (let times = 0; times < 20; times += 1) await turn();
};

test('[BR-19] a limited number of one person’s payloads run at once, and those of others start at once (H5)', async () => {
  const queue = new FairQueue();
  const order: string[] = [];
  const ofAda = Array.from({ length: 10 }, (_, n) => held(order, `ada ${n}`));
  const done = ofAda.map(({ work }) => queue.run('ada', work));
  expect(order).toEqual(['ada 0', 'ada 1', 'ada 2']);
  const bob = held(order, 'bob');
  done.push(queue.run('bob', bob.work));
  expect(order.at(-1)).toBe('bob');
  ofAda[1]?.end();
  await settled();
  expect(order.slice(4)).toEqual(['ada 3']);
  for (const each of [...ofAda, bob]) each.end();
  await Promise.all(done);
  expect(order).toHaveLength(11);
});

test('[BR-19] if the process is at its limit, people take turns (H5)', async () => {
  const queue = new FairQueue();
  const order: string[] = [];
  const works = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'].map((name) => ({
    name,
    held: [0, 1, 2, 3].map((n) => held(order, `${name} ${n}`)),
  }));
  const done = works.flatMap(({ name, held }) => held.map(({ work }) => queue.run(name, work)));
  expect(order).toHaveLength(12);
  works[0]?.held[0]?.end();
  works[1]?.held[0]?.end();
  await settled();
  // People without a running payload first, then one each.
  expect(order.slice(12).map((name) => name.slice(0, 3))).toContain('eve');
  expect(order.slice(12)).toContain('fay 0');
  for (const each of works.flatMap(({ held }) => held)) each.end();
  await Promise.all(done);
  expect(order).toHaveLength(24);
});

test('[BR-19] a payload for several people runs in the turn of the first one who has one (H5)', async () => {
  const queue = new FairQueue();
  const order: string[] = [];
  const ofAda = Array.from({ length: 5 }, (_, n) => held(order, `ada ${n}`));
  const done: Promise<unknown>[] = ofAda.map(({ work }) => queue.run('ada', work));
  const shared = held(order, 'shared');
  const job = new Job(shared.work);
  done.push(queue.join('ada', job));
  expect(order).not.toContain('shared');
  done.push(queue.join('bob', job));
  expect(order).toContain('shared');
  for (const each of [...ofAda, shared]) each.end();
  await Promise.all(done);
  expect(order.filter((name) => name === 'shared')).toHaveLength(1);
});

test('[BR-19] payloads that wait for a slow database do not delay other people’s (H5)', async () => {
  const queue = new FairQueue();
  const order: string[] = [];
  const stuck = ['ada', 'bob', 'cyd', 'dan'].flatMap((name) =>
    [0, 1, 2].map((n) => ({ name, ...held(order, `${name} ${n}`) })),
  );
  const done = stuck.map(({ name, work }) => queue.run(name, work));
  const eve = held(order, 'eve');
  done.push(queue.run('eve', eve.work));
  await expect.poll(() => order.includes('eve'), { timeout: 3_000 }).toBe(true);
  for (const each of [...stuck, eve]) each.end();
  await Promise.all(done);
});

test('[BR-19] a job that its person leaves is not run, unless another person waits for it', async () => {
  const queue = new FairQueue();
  const order: string[] = [];
  const ofAda = Array.from({ length: 3 }, (_, n) => held(order, `ada ${n}`));
  const done: Promise<unknown>[] = ofAda.map(({ work }) => queue.run('ada', work));
  const [left, shared] = [held(order, 'left'), held(order, 'shared')];
  const [alone, ofTwo] = [new Job(left.work), new Job(shared.work)];
  void queue.join('ada', alone);
  void queue.join('ada', ofTwo);
  queue.leave('ada', alone);
  queue.leave('ada', ofTwo);
  expect(queue.waitingOf('ada')).toBe(0);
  done.push(queue.join('bob', ofTwo));
  for (const each of [...ofAda, shared]) each.end();
  await Promise.all(done);
  await settled();
  expect(order).toContain('shared');
  expect(order).not.toContain('left');
});
