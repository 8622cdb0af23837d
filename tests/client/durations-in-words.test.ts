import { expect, test } from 'vitest';
import { durationWords } from '../../client/src/lib/history/duration-words.ts';
import { inWords } from '../../client/src/lib/performance/milliseconds.ts';

test.each([
  [20, 'less than a minute'],
  [60, '1 minute'],
  [89 * 60, '89 minutes'],
  [2.46 * 3600, '2.5 hours'],
  [30 * 3600, '30 hours'],
  [2 * 86_400, '2 days'],
  [9.96 * 86_400, '10 days'],
  [1_234 * 86_400, '1,234 days'],
])('%d seconds of work read as %s', (seconds, words) => {
  expect(durationWords(seconds)).toBe(words);
});

test.each([
  [0, '0 ms'],
  [0.42, '0.42 ms'],
  [0.999, '1.0 ms'],
  [12.34, '12.3 ms'],
  [99.96, '100 ms'],
  [340, '340 ms'],
  [999.6, '1.0 s'],
  [119_900, '119.9 s'],
  [720_000, '12 min'],
  [5.3 * 3_600_000, '5.3 h'],
])('%d milliseconds read as %s', (milliseconds, words) => {
  expect(inWords(milliseconds)).toBe(words);
});
