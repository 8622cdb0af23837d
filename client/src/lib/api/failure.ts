import type { CombinedError } from '@urql/core';

/** An error as the page shows it: one sentence, and the field it belongs to. */
export interface Failure {
  /** The API's stable code, or `UNREACHABLE` without a response. */
  code: string;
  message: string;
  /** The input field that the server refused, by its name in the API. */
  field?: string | undefined;
  /** With CONFLICT: the current state of the edited object, with the API's field names. */
  current?: unknown;
}

const sentences: Record<string, string> = {
  UNREACHABLE: 'Can’t reach Taskwire. Nothing is lost; try again in a moment.',
  UNAUTHENTICATED: 'Your session has expired. Sign in again.',
  FORBIDDEN: 'You can view this, but not change it.',
  NOT_FOUND: 'This no longer exists, or is no longer shared with you.',
  VALIDATION_FAILED: 'Some of the values are invalid. Check them and try again.',
  CONFLICT: 'Someone else changed this. Reload and try again.',
  RATE_LIMITED: 'Too many attempts. Wait a moment and try again.',
  UNAVAILABLE: 'Taskwire is busy or restarting. Try again in a moment.',
};

const unexpected = 'Something went wrong on the server. Try again.';

/** Whether there was no GraphQL response: the network failed, or a proxy answered instead of the server. */
export function isUnreachable(error: CombinedError): boolean {
  return error.networkError !== undefined;
}

/** Whether one of the response's errors has this code. */
export function isCoded(error: CombinedError, code: string): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions['code'] === code);
}

/**
 * Turns the error of a response into a sentence, preferably the server's own, which is the most specific. An unexpected
 * error shows only its reference.
 */
export function describeFailure(error: CombinedError): Failure {
  if (isUnreachable(error)) return { code: 'UNREACHABLE', message: sentences['UNREACHABLE'] ?? unexpected };

  const first = error.graphQLErrors[0];
  const details = first?.extensions ?? {};
  const code = typeof details['code'] === 'string' ? details['code'] : 'INTERNAL';
  const field = typeof details['field'] === 'string' ? details['field'] : undefined;

  if (code === 'INTERNAL') {
    const reference = details['requestId'];
    const hint =
      typeof reference === 'string'
        ? ` If it keeps happening, send this reference to your administrator: ${reference}.`
        : '';
    return { code, message: unexpected + hint };
  }
  if (code === 'RATE_LIMITED' && typeof details['retryAfter'] === 'number') {
    return { code, message: `Too many attempts. Try again in ${inWords(details['retryAfter'])}.` };
  }
  const said = first?.message === '' ? undefined : first?.message;
  return { code, field, message: said ?? sentences[code] ?? unexpected, current: details['current'] };
}

function inWords(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 90) return whole === 1 ? '1 second' : `${whole} seconds`;
  return `${Math.ceil(whole / 60)} minutes`;
}
