import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { summarizeRepeats } from '../../../server/observability/repeated-lines.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const away = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

test('an outage of the database logs a few lines, and then the number of repetitions (LOGS)', () => {
  const written: unknown[][] = [];
  const tell = summarizeRepeats();
  const say = (about: object, message: string) => {
    tell([about, message], (line) => written.push(line));
  };
  for (let n = 0; n < 1_000; n += 1) say({ err: away() }, 'operation failed');
  expect(written).toHaveLength(3);
  vi.advanceTimersByTime(10_000);
  expect(written.slice(3)).toEqual([[{ repeated: 997, seconds: 10 }, 'operation failed']]);

  for (let n = 0; n < 5; n += 1) say({ err: new TypeError('a fault of ours') }, 'operation failed');
  for (let n = 0; n < 5; n += 1) say({ events: n }, 'deleted events for their age');
  expect(written.slice(4), 'other errors').toHaveLength(10);
});
