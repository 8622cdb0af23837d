import { CombinedError } from '@urql/core';
import { describe, expect, test } from 'vitest';
import { describeFailure, isUnreachable } from '../../client/src/lib/api/failure.ts';

function answered(message: string, extensions: Record<string, unknown>): CombinedError {
  return new CombinedError({ graphQLErrors: [{ message, extensions }] });
}

describe('what a person is told when something fails', () => {
  test('a lost server is named as such, and that nothing typed is lost', () => {
    const error = new CombinedError({ networkError: new TypeError('Failed to fetch') });
    expect(isUnreachable(error)).toBe(true);
    expect(describeFailure(error)).toMatchObject({ code: 'UNREACHABLE' });
    expect(describeFailure(error).message).toContain('Nothing you typed is lost');
  });

  test('the server’s own sentence is shown, at the field that it names', () => {
    const error = answered('The title cannot be empty.', { code: 'VALIDATION_FAILED', field: 'title' });
    expect(isUnreachable(error)).toBe(false);
    expect(describeFailure(error)).toEqual({
      code: 'VALIDATION_FAILED',
      field: 'title',
      message: 'The title cannot be empty.',
    });
  });

  test('a code that comes without a sentence gets one', () => {
    expect(describeFailure(answered('', { code: 'FORBIDDEN' })).message).toBe(
      'You may see this, but not change it.',
    );
  });

  test('an unexpected error shows only a reference to pass on, never its text', () => {
    const { message } = describeFailure(
      answered('relation "tasks" does not exist', { code: 'INTERNAL', requestId: 'req-7' }),
    );
    expect(message).toContain('req-7');
    expect(message).not.toContain('relation');
  });

  test('an error without a code counts as unexpected', () => {
    expect(describeFailure(answered('boom', {}))).toMatchObject({ code: 'INTERNAL' });
  });

  test.each([
    [0.2, '1 second.'],
    [30, '30 seconds.'],
    [600, '10 minutes.'],
  ])('who is too fast is told to wait: %d s reads “%s”', (retryAfter, words) => {
    const { message } = describeFailure(answered('slow down', { code: 'RATE_LIMITED', retryAfter }));
    expect(message.endsWith(words)).toBe(true);
  });
});
