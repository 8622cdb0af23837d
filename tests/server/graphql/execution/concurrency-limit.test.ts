import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ConcurrencyLimit } from '../../../../server/graphql/execution/concurrency-limit.ts';

/** Work that reports its start, and ends on request. */
function jobs(turns: ConcurrencyLimit, many: number) {
  const begun: number[] = [];
  const ends = Array.from({ length: many }, () => Promise.withResolvers<number>());
  const results = ends.map(({ promise }, n) =>
    turns.run(() => {
      begun.push(n);
      return promise;
    }),
  );
  return { begun, ends, results };
}

test('the first come first, and each that ends starts the next one', async () => {
  const { begun, ends, results } = jobs(new ConcurrencyLimit(), 20);
  await Promise.resolve();
  const first = [...begun];
  expect(first.length).toBeLessThan(20);
  for (const [n, { resolve }] of ends.entries()) {
    resolve(n);
    await expect(results[n]).resolves.toBe(n);
  }
  expect(begun).toEqual(ends.map((_, n) => n));
});

test('slow work does not block others, and its slot is released only once', async () => {
  const turns = new ConcurrencyLimit();
  const { begun, ends } = jobs(turns, 30);
  await expect.poll(() => begun.length).toBe(30);
  for (const { resolve } of ends) resolve(0);
  await sleep(0);
  const after = jobs(turns, 30);
  await Promise.resolve();
  expect(after.begun.length).toBeLessThan(30);
  for (const { resolve } of after.ends) resolve(0);
  await Promise.all(after.results);
});

test('failed work starts the next one', async () => {
  const turns = new ConcurrencyLimit();
  const { ends, results } = jobs(turns, 20);
  for (const { reject } of ends) reject(new Error('broken'));
  const outcomes = await Promise.allSettled(results);
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  await expect(turns.run(() => Promise.resolve('well'))).resolves.toBe('well');
});
