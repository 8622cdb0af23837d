import { expect, test } from 'vitest';
import { OwnChanges } from '../../client/src/lib/api/own-changes.ts';

/** A log cursor; `inFlight` is the part that differs between the responses that name one event. */
const cursorOf = (event: string, inFlight = '') =>
  Buffer.from(`epoch.${event}${inFlight}`).toString('base64url');

test('an own change is known by its event, whatever else was in flight', () => {
  const changes = new OwnChanges();
  const before = performance.now();
  changes.end(1, [cursorOf('2a.7-x', '.29.0-1')]);
  const since = changes.includedSince([cursorOf('2a.7-x')]);
  expect(since).toBeGreaterThanOrEqual(before);
  expect(since).toBeLessThanOrEqual(performance.now());
  expect(changes.includedSince([cursorOf('2a.8-x')])).toBe(Infinity);
  expect(changes.includedSince([cursorOf('2a.7-x'), cursorOf('2b.9-y')])).toBe(Infinity);
});

test('a change that is given up does not hold back the changes of others', () => {
  const changes = new OwnChanges();
  changes.begin(1);
  changes.begin(2);
  changes.end(1, [cursorOf('2a.7-x')]);
  expect(changes.isPending).toBe(true);
  changes.end(2);
  changes.end(2);
  expect(changes.isPending).toBe(false);
});
