import { expect, test } from 'vitest';
import { readView } from '../../client/src/lib/task/task-view.ts';
import { tooLong } from '../../client/src/lib/ui/text-length.ts';
import { newPassword } from '../../server/auth/passwords.ts';

test('a form counts characters like the API, and says how many are too many (UTF16-LIMITS)', () => {
  expect(tooLong('The title', '🚀'.repeat(200), 200)).toBeUndefined();
  expect(tooLong('The title', 'Cafe\u0301'.repeat(50), 200)).toBeUndefined();
  expect(tooLong('The title', '🚀'.repeat(201), 200)).toBe(
    'The title is 1 character too long; the limit is 200.',
  );
  expect(tooLong('The description', 'x'.repeat(11_500), 10_000)).toBe(
    'The description is 1,500 characters too long; the limit is 10,000.',
  );
});

test('a search that is too long is not cut inside an emoji (UTF16-LIMITS)', () => {
  const { find } = readView(new URLSearchParams({ find: `x${'🚀'.repeat(120)}` }));
  expect(find).toBe(`x${'🚀'.repeat(99)}`);
});

test('a password can have 128 emoji, as the form says (UTF16-LIMITS)', () => {
  expect(newPassword.safeParse('🚀'.repeat(128)).success).toBe(true);
  expect(newPassword.safeParse('🚀'.repeat(129)).success).toBe(false);
  expect(newPassword.safeParse('🚀'.repeat(7)).success).toBe(false);
});
