import { describe, expect, test } from 'vitest';
import { backoff } from '../../client/src/lib/api/backoff.ts';
import { returnPath, signInAddress } from '../../client/src/lib/session/return-path.ts';
import { addressOfView, readView } from '../../client/src/lib/task/task-view.ts';

describe('the way back after signing in', () => {
  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'settings',
    null,
  ])('a prepared link to %s leads to the dashboard and not away', (wanted) => {
    expect(returnPath(wanted)).toBe('/');
  });

  test('a path of this site is kept, with what follows it', () => {
    expect(returnPath('/?show=completed#tasks')).toBe('/?show=completed#tasks');
  });

  test('signing in never leads back to signing in', () => {
    expect(returnPath('/sign-in?next=%2Fsettings')).toBe('/');
  });

  test('a person on the settings page comes back there, one on the dashboard needs no way back', () => {
    expect(signInAddress({ pathname: '/settings', search: '' })).toBe('/sign-in?next=%2Fsettings');
    expect(signInAddress({ pathname: '/', search: '' })).toBe('/sign-in');
  });
});

describe('the view of the task list in its address', () => {
  test('what is as usual is left out, and every view reads back as itself', () => {
    expect(addressOfView({ show: 'open', order: 'newest' })).toBe('/');
    const address = addressOfView({ show: 'completed', order: 'oldest' });
    expect(readView(new URL(address, 'https://x.example').searchParams)).toEqual({
      show: 'completed',
      order: 'oldest',
    });
  });

  test('a mistyped view shows the usual one', () => {
    expect(readView(new URLSearchParams('show=toString&order='))).toEqual({ show: 'open', order: 'newest' });
  });
});

describe('trying to reach a lost server', () => {
  test('[FR-023] the waits double from 1 s to 32 s and are spread over their second half', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoff(attempt, () => 1));
    const shortest = [0, 5, 60].map((attempt) => backoff(attempt, () => 0));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
    expect(shortest).toEqual([500, 16_000, 16_000]);
  });
});
