import { hash } from 'node:crypto';

/**
 * A UUID version 7 for something that a reply creates: always the same for the same reply and place, so that a call that
 * runs again after a crash creates nothing twice.
 */
export function derivedId(replyId: string, ...place: (string | number)[]): string {
  const digits = hash('sha256', [replyId, ...place].join('/'));
  const variant = ((parseInt(digits.charAt(16), 16) & 3) | 8).toString(16);
  // The time is that of the reply.
  return [
    replyId.slice(0, 8),
    replyId.slice(9, 13),
    `7${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20, 32),
  ].join('-');
}
