import { describe, expect, test } from 'vitest';
import { connectionWords } from '../../client/src/lib/api/connection-words.ts';

const at = (online: boolean, now = 0) => ({ online, now });

describe('[FR-017] the words of the connection indicator', () => {
  test.each([
    [{ name: 'live', transport: 'websocket' }, 'Live'],
    [{ name: 'live', transport: 'sse' }, 'Live'],
    [{ name: 'polling' }, 'Polling'],
    [{ name: 'waiting', nextTryAt: 4_200 }, 'Reconnecting in 5 s'],
  ] as const)('%o reads “%s”', (state, word) => {
    expect(connectionWords(state, at(true))?.word).toBe(word);
  });

  test('says “Offline” without a network, unless the server still answers', () => {
    expect(connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(false))?.word).toBe('Offline');
    expect(connectionWords({ name: 'live', transport: 'websocket' }, at(false))?.word).toBe('Live');
  });

  test('gives screen readers a sentence without the countdown', () => {
    const sentences = [0, 1_000, 2_000, 9_000].map(
      (now) => connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(true, now))?.sentence,
    );
    expect(new Set(sentences)).toEqual(new Set(['Reconnecting.']));
  });

  test('the countdown ends at 0', () => {
    expect(connectionWords({ name: 'waiting', nextTryAt: 4_200 }, at(true, 9_000))?.word).toBe(
      'Reconnecting in 0 s',
    );
  });

  test.each(['idle', 'connecting'] as const)('shows nothing while it is %s', (name) => {
    expect(connectionWords({ name }, at(true))).toBeUndefined();
  });
});
