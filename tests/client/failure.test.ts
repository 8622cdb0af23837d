import { CombinedError } from '@urql/core';
import { describe, expect, test } from 'vitest';
import { describeFailure, isUnreachable } from '../../client/src/lib/api/failure.ts';

function answered(message: string, extensions: Record<string, unknown>): CombinedError {
  return new CombinedError({ graphQLErrors: [{ message, extensions }] });
}

describe('error messages', () => {
  test('an unreachable server has its own message', () => {
    const error = new CombinedError({ networkError: new TypeError('Failed to fetch') });
    expect(isUnreachable(error)).toBe(true);
    expect(describeFailure(error)).toMatchObject({ code: 'UNREACHABLE' });
    expect(describeFailure(error).message).toContain('Can’t reach Taskwire');
  });

  test('the server’s own message is shown at its field', () => {
    const error = answered('The title cannot be empty.', { code: 'VALIDATION_FAILED', field: 'title' });
    expect(isUnreachable(error)).toBe(false);
    expect(describeFailure(error)).toEqual({
      code: 'VALIDATION_FAILED',
      field: 'title',
      message: 'The title cannot be empty.',
    });
  });

  test('a code without a message gets one', () => {
    expect(describeFailure(answered('', { code: 'FORBIDDEN' })).message).toBe(
      'You can view this, but not change it.',
    );
  });

  test('an unexpected error shows only its reference, never its text', () => {
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
  ])('a rate limit tells how long to wait: %d s reads “%s”', (retryAfter, words) => {
    const { message } = describeFailure(answered('slow down', { code: 'RATE_LIMITED', retryAfter }));
    expect(message.endsWith(words)).toBe(true);
  });
});
