import { domainToASCII } from 'node:url';
import { z } from 'zod';

const LONGEST = 254;

/** What HTML takes for a valid e-mail address, https://html.spec.whatwg.org/#valid-e-mail-address. */
const VALID =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * An email address in the one form that is stored and compared: trimmed, in lower case, its domain in ASCII (punycode),
 * which is what browsers make of one that is typed in another script.
 */
export const emailAddress = z
  .string()
  .transform((given) => {
    const address = given.trim();
    const at = address.lastIndexOf('@') + 1;
    const domain = address.slice(at);
    const ascii = NOT_ASCII.test(domain) ? domainToASCII(domain) : domain;
    return (address.slice(0, at) + ascii).toLowerCase();
  })
  .pipe(
    z
      .string()
      .max(LONGEST, `An email address has at most ${LONGEST} characters.`)
      .regex(VALID, 'This is not an email address.'),
  );

/** How an account is known to limits and browsers, whether there is one or not. */
export function accountOf(email: string): string {
  return emailAddress.safeParse(email).data ?? email.trim().toLowerCase().slice(0, LONGEST);
}
