import { describe, expect, test } from 'vitest';
import { connectionWords } from '../../client/src/lib/api/connection-words.ts';

const at = (online: boolean, now = 0) => ({ online, now });

describe('[FR-017] what a person is told about the connection', () => {
  test.each([
    [{ name: 'live', way: 'websocket' }, 'Live'],
    [{ name: 'live', way: 'sse' }, 'Live'],
    [{ name: 'polling' }, 'Polling'],
    [{ name: 'waiting', nextTryAt: 4_200 }, 'Reconnecting in 5 s'],
  ] as const)('%o reads “%s”', (state, word) => {
    expect(connectionWords(state, at(true))?.word).toBe(word);
  });

  test('without a network it is the device that is offline, unless the server answers all the same', () => {
    expect(connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(false))?.word).toBe('Offline');
    expect(connectionWords({ name: 'live', way: 'websocket' }, at(false))?.word).toBe('Live');
  });

  test('who listens is not told each second of the countdown', () => {
    const sentences = [0, 1_000, 2_000, 9_000].map(
      (now) => connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(true, now))?.sentence,
    );
    expect(new Set(sentences)).toEqual(new Set(['Reconnecting.']));
  });

  test('the countdown ends at nought', () => {
    expect(connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(true, 9_000))?.word).toBe(
      'Reconnecting in 0 s',
    );
  });

  test.each(['resting', 'opening'] as const)('there is nothing to say while it is %s', (name) => {
    expect(connectionWords({ name }, at(true))).toBeUndefined();
  });
});
