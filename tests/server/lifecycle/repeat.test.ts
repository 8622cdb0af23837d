import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { repeat } from '../../../server/lifecycle/repeat.ts';

test('failed work is repeated', async () => {
  let runs = 0;
  const failures: unknown[] = [];
  const work = () => {
    runs += 1;
    return Promise.reject(new Error(`run ${runs}`));
  };
  const onFailure = (error: unknown) => failures.push(error);
  onTestFinished(repeat(work, { firstMs: 0, everyMs: 1, onFailure }));
  await expect.poll(() => failures.slice(0, 2)).toEqual([new Error('run 1'), new Error('run 2')]);
});

test('stopping aborts the current run, waits for it, and starts no other', async () => {
  const events: string[] = [];
  const started = Promise.withResolvers<undefined>();
  const work = async (stopping: AbortSignal) => {
    events.push('started');
    started.resolve(undefined);
    await once(stopping, 'abort');
    await new Promise(setImmediate);
    events.push('ended');
    throw new Error('aborted');
  };
  const stop = repeat(work, { firstMs: 0, everyMs: 0, onFailure: () => events.push('failed') });
  await started.promise;
  await stop();
  expect(events).toEqual(['started', 'ended']);
});

test('stopping before the first run prevents it', async () => {
  let runs = 0;
  const work = () => Promise.resolve(void (runs += 1));
  await repeat(work, { firstMs: 1, everyMs: 1, onFailure: () => undefined })();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(runs).toBe(0);
});
