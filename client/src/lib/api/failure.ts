import type { CombinedError } from '@urql/core';
import { plural } from '../language/format.ts';
import { language } from '../language/language.ts';

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

/** The sentence of a code. */
function sentenceOf(code: string): string {
  switch (code) {
    case 'UNREACHABLE':
      return 'Can’t reach Taskwire. Nothing is lost; try again in a moment.';
    case 'UNAUTHENTICATED':
      return 'Your session has expired. Sign in again.';
    case 'FORBIDDEN':
      return 'You can view this, but not change it.';
    case 'NOT_FOUND':
      return 'This no longer exists, or is no longer shared with you.';
    case 'VALIDATION_FAILED':
      return 'Some of the values are invalid. Check them and try again.';
    case 'CONFLICT':
      return 'Someone else changed this. Reload and try again.';
    case 'RATE_LIMITED':
      return 'Too many attempts. Wait a moment and try again.';
    case 'UNAVAILABLE':
      return 'Taskwire is busy or restarting. Try again in a moment.';
    default:
      return 'Something went wrong on the server. Try again.';
  }
}

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
  if (isUnreachable(error)) return { code: 'UNREACHABLE', message: sentenceOf('UNREACHABLE') };

  const first = error.graphQLErrors[0];
  const details = first?.extensions ?? {};
  const code = typeof details['code'] === 'string' ? details['code'] : 'INTERNAL';
  const field = typeof details['field'] === 'string' ? details['field'] : undefined;

  if (code === 'INTERNAL') {
    const reference = details['requestId'];
    const hint =
      typeof reference === 'string'
        ? `If it keeps happening, send this reference to your administrator: ${reference}.`
        : '';
    return { code, message: `${sentenceOf(code)} ${hint}`.trim() };
  }
  if (code === 'RATE_LIMITED' && typeof details['retryAfter'] === 'number') {
    return { code, message: `Too many attempts. Try again in ${inWords(details['retryAfter'])}.` };
  }
  // The server speaks English. In other languages its sentence is shown only for a field, which no code describes.
  const isUseful = first?.message !== '' && (language() === 'en' || field !== undefined);
  const said = isUseful ? first?.message : undefined;
  return { code, field, message: said ?? sentenceOf(code), current: details['current'] };
}

function inWords(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 90) return plural(whole, ['# second', '# seconds']);
  return plural(Math.ceil(whole / 60), ['# minute', '# minutes']);
}
