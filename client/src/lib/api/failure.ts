import type { CombinedError } from '@urql/core';

/** What went wrong, as a person can be told: one sentence, and where they can act on it. */
export interface Failure {
  /** The API's stable code, or `UNREACHABLE` when no answer came. */
  code: string;
  message: string;
  /** The input field that the server refused, by its name in the API. */
  field?: string | undefined;
  /** With CONFLICT: what was edited as it is now, its own fields under their names in the API. */
  current?: unknown;
}

const sentences: Record<string, string> = {
  UNREACHABLE: 'Taskwire cannot be reached right now. Nothing you typed is lost; try again in a moment.',
  UNAUTHENTICATED: 'Your session has ended. Sign in to go on.',
  FORBIDDEN: 'You may see this, but not change it.',
  NOT_FOUND: 'This no longer exists, or is no longer shared with you.',
  VALIDATION_FAILED: 'Something in what you entered is not accepted. Look it over and try again.',
  CONFLICT: 'Somebody changed this in the meantime.',
  RATE_LIMITED: 'That was a little too fast. Wait a moment and try again.',
  UNAVAILABLE: 'Taskwire is busy or restarting. Try again in a moment.',
};

const unexpected = 'Something went wrong on the server. Try again.';

/** Whether no GraphQL answer came: the network failed, or something in front of the server answered for it. */
export function isUnreachable(error: CombinedError): boolean {
  return error.networkError !== undefined;
}

/** Whether one of the answer's errors has this code. */
export function isCoded(error: CombinedError, code: string): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions['code'] === code);
}

/**
 * Turns an answer's error into a sentence. The server's own sentence is preferred, because it knows the case;
 * an unexpected error says only its reference, and a missing answer says that nothing is lost.
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
      typeof reference === 'string' ? ` If it keeps happening, tell your administrator: ${reference}.` : '';
    return { code, message: unexpected + hint };
  }
  if (code === 'RATE_LIMITED' && typeof details['retryAfter'] === 'number') {
    return { code, message: `That was a little too fast. Try again in ${inWords(details['retryAfter'])}.` };
  }
  const said = first?.message === '' ? undefined : first?.message;
  return { code, field, message: said ?? sentences[code] ?? unexpected, current: details['current'] };
}

function inWords(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 90) return whole === 1 ? '1 second' : `${whole} seconds`;
  return `${Math.ceil(whole / 60)} minutes`;
}
