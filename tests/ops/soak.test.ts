import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { INSPECTABLE } from '../../ops/drills/inspector.ts';
import { growthOf } from '../../ops/drills/memory-growth.ts';
import { problemsIn, soak, type SoakReport } from '../../ops/drills/soak.ts';
import { freshDatabase } from '../kit/database.ts';

vi.setConfig({ testTimeout: 120_000 });

const pace = { writesPerSecond: 20, readsPerSecond: 20, guestsPerSecond: 4 };
const small = { ...pace, followers: 4, before: 100, heartbeatSeconds: 4 };
const environment = async () => ({ DATABASE_URL: await freshDatabase(), AUTH_SECRET: 's'.repeat(32) });

test('[SC-010] followers that stay, reconnect or leave get every event once, and leave no resources behind', async () => {
  const report = await soak({ ...small, minutes: 0.17, cuts: 1, environment: await environment() });
  // Read times are not meaningful on a busy machine.
  expect(problemsIn(report).filter((problem) => !problem.startsWith('reads'))).toEqual([]);
  expect(report.written).toBeGreaterThan(20);
  expect(report.guests).toBeGreaterThan(0);
});

test('[SC-010] a memory leak is detected', async () => {
  const NODE_OPTIONS = `${INSPECTABLE.NODE_OPTIONS} --import ${join(import.meta.dirname, '../kit/leak.ts')}`;
  const report = await soak({
    ...small,
    minutes: 0.08,
    cuts: 0,
    environment: { ...(await environment()), NODE_OPTIONS },
  });
  expect(problemsIn(report)).toContainEqual(expect.stringMatching(/^heap: grows by \d+/));
});

const MEGABYTE = 1024 * 1024;
/** A sample every fifteen seconds for half an hour. */
const watched = (megabytesAt: (hours: number, look: number) => number) =>
  growthOf(
    Array.from({ length: 120 }, (_, look) => {
      const at = look * 15_000;
      return { at, bytes: megabytesAt(at / 3_600_000, look) * MEGABYTE };
    }),
  );

const level = watched(() => 80);
const none = { subscriptions: 0, busy: 0, sockets: 4, timers: 3 };
const sound: SoakReport = {
  minutes: 30,
  written: 18_000,
  read: 18_000,
  guests: 900,
  cuts: 10,
  failed: 0,
  delivery: { missed: 0, repeated: 0 },
  outdated: 0,
  disconnected: 0,
  lostForGood: 0,
  missedHeartbeats: 0,
  faults: 0,
  readMs: { first: 20, last: 22 },
  memory: { heap: level, resident: level },
  held: { before: none, after: none },
};

test('memory growth is detected despite peaks', () => {
  const jagged = watched((hours, look) => 80 + 35 * hours + (look % 2 ? 5 : -5));
  expect(Math.round(jagged.total)).toBe(18);
  expect(Math.abs(jagged.perHour - 35)).toBeLessThan(1);
  expect(watched(() => 80).perHour).toBeCloseTo(0);
});

test.each<[string, Partial<SoakReport>, string[]]>([
  ['nothing', {}, []],
  [
    'a leak of one kilobyte per write at ten writes per second',
    { memory: { heap: watched((hours) => 80 + 35 * hours), resident: level } },
    ['heap: grows by 35.0 MB per hour'],
  ],
  [
    'memory that is allocated and freed',
    { memory: { heap: watched((_, look) => 80 + 10 * Math.sin(look / 4)), resident: level } },
    [],
  ],
  [
    'a growing process with constant objects',
    { memory: { heap: level, resident: watched((hours) => 200 + 120 * hours) } },
    ['resident: grows by 120.0 MB per hour'],
  ],
  ['a missed event', { delivery: { missed: 1, repeated: 0 } }, ['missed: 1']],
  ['an event that was delivered twice', { delivery: { missed: 0, repeated: 1 } }, ['repeated: 1']],
  ['a follower that was disconnected', { disconnected: 1 }, ['disconnected: 1']],
  ['reads that become slow', { readMs: { first: 20, last: 200 } }, ['reads: 200 ms after 20 ms']],
  [
    'a subscription that did not end',
    { held: { before: none, after: { ...none, subscriptions: 1 } } },
    ['subscriptions: 1, initially 0'],
  ],
])('[SC-010] reports %s', (_what, fault, problems) => {
  expect(problemsIn({ ...sound, ...fault })).toEqual(problems);
});
