import { describe, expect, test } from 'vitest';
import { backoff } from '../../client/src/lib/api/backoff.ts';
import { returnAddress, returnPath, signInAddress } from '../../client/src/lib/session/return-path.ts';
import { addressOfView, filterOf, readView, usualView } from '../../client/src/lib/task/task-view.ts';

describe('the return path after signing in', () => {
  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'settings',
    '/.//evil.example',
    '/a/..//evil.example',
    null,
  ])('a crafted link to %s leads to the dashboard, not to another site (L8)', (wanted) => {
    expect(returnPath(wanted)).toBe('/');
  });

  test('a path of this site is kept, with its query and hash', () => {
    expect(returnPath('/?show=completed#tasks')).toBe('/?show=completed#tasks');
  });

  test('signing in never returns to the sign-in page', () => {
    expect(returnPath('/sign-in?next=%2Fsettings')).toBe('/');
  });

  test('sign-in returns to the settings page; the dashboard needs no return path', () => {
    expect(signInAddress({ pathname: '/settings', search: '', hash: '' })).toBe('/sign-in?next=%2Fsettings');
    expect(signInAddress({ pathname: '/', search: '', hash: '' })).toBe('/sign-in');
  });

  test('[BR-16] the secret of an invitation link stays in the hash', () => {
    const address = signInAddress({ pathname: '/join', search: '', hash: '#secret' });
    expect(address).toBe('/sign-in?next=%2Fjoin#secret');
    expect(returnAddress(new URL(address, 'https://x.example'))).toBe('/join#secret');
  });

  test('keeps the request of an application as it was sent', () => {
    const search = '?scope=read+write&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&state=a%26b%23c';
    const address = signInAddress({ pathname: '/authorize', search, hash: '' });
    expect(returnAddress(new URL(address, 'https://x.example'))).toBe(`/authorize${search}`);
  });
});

describe('the view of the task list in the URL', () => {
  test('defaults are left out, and every view survives a round trip', () => {
    expect(addressOfView(usualView)).toBe('/');
    const view = {
      ...usualView,
      show: 'completed',
      order: 'oldest',
      find: 'paper & ink',
      source: `team_${'0'.repeat(26)}`,
      due: 'week',
      priority: 'HIGH',
      filter: 'label:a -is:shared',
      board: 'week',
    } as const;
    expect(readView(new URL(addressOfView(view), 'https://x.example').searchParams)).toEqual(view);
  });

  test('a link of an earlier version, with the old parameter, still works', () => {
    expect(readView(new URLSearchParams('whose=mine'))).toEqual({ ...usualView, source: 'mine' });
    expect(readView(new URLSearchParams('whose=mine&source=shared'))).toEqual({
      ...usualView,
      source: 'shared',
    });
  });

  test('an invalid view gets the defaults', () => {
    const mistyped = 'show=toString&order=&find=%20&source=team_1&due=constructor&priority=high';
    expect(readView(new URLSearchParams(mistyped))).toEqual(usualView);
  });
});

test('a long search is cut between emoji, never inside one (M16)', () => {
  const find = 'x' + '🧵'.repeat(120);
  const address = addressOfView(readView(new URLSearchParams({ find })));
  expect(readView(new URL(address, 'https://x.example').searchParams).find).toBe('x' + '🧵'.repeat(99));
});

describe('the view of the task list as a filter of the API', () => {
  const asAda = () => ({ id: 'user_ada', today: '2026-11-22' });
  const stranger = () => undefined;

  test('the search words are sent as typed (M16)', () => {
    expect(filterOf({ ...usualView, show: 'all', find: '"ink pad" paper' }, stranger)).toEqual({
      and: [{ text: '"ink pad" paper' }, { ownedOrAssigned: true }],
    });
  });

  test('“Owned by me” waits until the viewer is loaded, “My work” and a team do not', () => {
    expect(filterOf({ ...usualView, source: 'mine' }, stranger)).toBeUndefined();
    const open = { status: { in: ['TODO', 'IN_PROGRESS'] } };
    expect(filterOf(usualView, stranger)).toEqual({ ...open, and: [{ ownedOrAssigned: true }] });
    const team = `team_${'0'.repeat(26)}` as const;
    expect(filterOf({ ...usualView, source: team }, stranger)).toEqual({
      ...open,
      and: [{ team: { eq: team } }],
    });
    expect(filterOf({ ...usualView, source: 'all' }, stranger)).toEqual(open);
    expect(filterOf({ ...usualView, show: 'all', source: 'mine' }, asAda)).toEqual({
      and: [{ owner: { eq: 'user_ada' } }],
    });
  });

  test('“This week” is Monday to Sunday in the viewer’s time zone', () => {
    expect(filterOf({ ...usualView, show: 'all', source: 'all', due: 'week' }, asAda)).toEqual({
      and: [{ dueOn: { after: '2026-11-15', before: '2026-11-23' } }],
    });
  });
});

describe('reconnecting to an unreachable server', () => {
  test('[FR-023] waits double from 1 s to 32 s, with a random second half', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoff(attempt, () => 1));
    const shortest = [0, 5, 60].map((attempt) => backoff(attempt, () => 0));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
    expect(shortest).toEqual([500, 16_000, 16_000]);
  });
});
