import { domainToASCII } from 'node:url';
import { z } from 'zod';

const LONGEST = 254;

/** The definition in HTML: https://html.spec.whatwg.org/#valid-e-mail-address. */
const VALID =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const NOT_ASCII = /[^\0-\x7f]/;

/** Normalizes an email address: trimmed, in lower case, with the domain in Punycode, as browsers convert it. */
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
      .max(LONGEST, `An email address can have at most ${LONGEST} characters.`)
      .regex(VALID, 'Enter a valid email address.'),
  );

/** The key of an account for rate limits, whether the account exists or not. */
export function accountOf(email: string): string {
  return emailAddress.safeParse(email).data ?? email.trim().toLowerCase().slice(0, LONGEST);
}
