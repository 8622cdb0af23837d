import type { Redis } from 'ioredis';
import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request.ts';
import { createBudget, type Balance } from './budgets.ts';

const QUARTER_HOUR = 15 * 60;
const HOUR = 60 * 60;
/** How many times what one address may try, all addresses together may in an hour. */
const ADDRESSES_TOGETHER = 10;
/** Many people may share one address. */
const SIGN_INS_PER_ADDRESS = 300;
const SIGN_UPS_PER_ADDRESS = 60;

export interface SignInLimits {
  /**
   * Counts an attempt before its password is looked at, so that many at once are counted too.
   * @param isKnown whether somebody has signed in to the account with this browser before.
   * @throws RateLimited
   */
  beforeSignIn(email: string, isKnown: boolean): Promise<void>;
  /** Who got in has not been guessing. */
  afterSignIn(email: string, isKnown: boolean): Promise<void>;
  /** @throws RateLimited */
  beforeSignUp(): Promise<void>;
}

/**
 * Bounds guessing. An account is counted together with the address that the attempt comes from, so that nobody can keep
 * its owner out from elsewhere; and by itself, so that many addresses do not help a guesser, whereby its owner goes on in
 * every browser that they have signed in with before. This machine itself is nobody's address in particular, and has no limit of its own.
 * @param attempts wrong passwords for one account from one address, in a quarter of an hour; 0 means no limit.
 */
export function createSignInLimits(attempts: number, redis?: Redis): SignInLimits {
  const perAccount = createBudget('sign-in', attempts, QUARTER_HOUR, redis);
  const perAccountAnywhere = createBudget('sign-in-of', attempts * ADDRESSES_TOGETHER, HOUR, redis);
  const signInsFrom = createBudget('sign-ins-from', attempts && SIGN_INS_PER_ADDRESS, QUARTER_HOUR, redis);
  const signUpsFrom = createBudget('sign-ups-from', attempts && SIGN_UPS_PER_ADDRESS, HOUR, redis);

  const address = () => currentRequest()?.address;
  const accountHere = (email: string) => `${accountOf(email)} ${address() ?? ''}`;

  async function refusedAnywhere(email: string): Promise<Balance | undefined> {
    const balance = await perAccountAnywhere.spend(accountOf(email), 1);
    return balance.sufficed ? undefined : balance;
  }

  return {
    async beforeSignIn(email, isKnown) {
      const from = address();
      const spent = await Promise.all([
        perAccount.spend(accountHere(email), 1),
        from ? signInsFrom.spend(from, 1) : undefined,
      ]);
      // What was refused here already is no attempt on the account.
      const refused =
        spent.find((balance) => balance && !balance.sufficed) ??
        (isKnown ? undefined : await refusedAnywhere(email));
      if (refused)
        throw new RateLimited('Too many attempts to sign in; wait a little and try again.', refused.reset);
    },
    async afterSignIn(email, isKnown) {
      await perAccount.refund(accountHere(email));
      if (!isKnown) await perAccountAnywhere.refund(accountOf(email), 1);
    },
    async beforeSignUp() {
      const from = address();
      const spent = from && (await signUpsFrom.spend(from, 1));
      if (spent && !spent.sufficed) {
        throw new RateLimited(
          'Too many accounts were made from your address; wait a while and try again.',
          spent.reset,
        );
      }
    },
  };
}

/** By which name an account is known to limits and browsers, whether there is one or not. */
export function accountOf(email: string): string {
  return email.trim().toLowerCase().slice(0, 320);
}
