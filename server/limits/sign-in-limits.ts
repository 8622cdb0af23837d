import { createHash } from 'node:crypto';
import { accountOf } from '../domain/email-address.ts';
import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request-context.ts';
import { createBudget, type Balance } from './budgets.ts';
import type { SharedRedis } from './redis.ts';

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;
const HOUR = 60 * MINUTE;
/** How many times what one network may try, all networks together may in an hour, before each may try once a minute. */
const NETWORKS_TOGETHER = 10;
/** Many people may share one address. */
const SIGN_INS_PER_ADDRESS = 300;
const SIGN_UPS_PER_ADDRESS = 60;

/** Of IPv6 the wider networks that one customer may have, and how many times the tries of one of theirs they have. */
const WIDER_NETWORKS = [
  { digits: 14, times: 2 },
  { digits: 12, times: 4 },
] as const;

/** An attempt that the limits let through. */
export interface Attempt {
  /** Takes back what it was counted for: who got in has not been guessing. */
  succeeded(): Promise<void>;
}

export interface SignInLimits {
  /**
   * Counts an attempt before its password is looked at, so that many at once are counted too.
   * @param isKnown whether somebody has signed in to the account with this browser before.
   * @param unlockedAt when an operator last lifted the account's limits; asked where the attempt would be refused.
   * @throws RateLimited
   */
  beforeSignIn(email: string, isKnown: boolean, unlockedAt: () => Promise<Date | null>): Promise<Attempt>;
  /** @throws RateLimited */
  beforeSignUp(): Promise<void>;
}

/**
 * Bounds guessing. An account is counted together with the network that the attempt comes from, so that nobody can keep
 * its owner out from elsewhere; and by itself, so that many networks do not help a guesser. Beyond that bound each network
 * still has one try a minute, so that the owner gets in from a new browser or program; the browsers that they have signed in
 * with before do not count. This machine itself has no network, and no limit of its own.
 * @param attempts wrong passwords for one account from one network, in a quarter of an hour; 0 means no limit.
 */
export function createSignInLimits(attempts: number, redis?: SharedRedis): SignInLimits {
  const perNetwork = [1, ...WIDER_NETWORKS.map(({ times }) => times)].map((times) =>
    createBudget(`sign-in-${times}`, attempts * times, QUARTER_HOUR, redis),
  );
  const perAccount = createBudget('sign-in-of', attempts * NETWORKS_TOGETHER, HOUR, redis);
  const onceAMinute = createBudget('sign-in-late', attempts && 1, MINUTE, redis);
  const signInsFrom = createBudget('sign-ins-from', attempts && SIGN_INS_PER_ADDRESS, QUARTER_HOUR, redis);
  const signUpsFrom = createBudget('sign-ups-from', attempts && SIGN_UPS_PER_ADDRESS, HOUR, redis);

  /** @returns the balance that does not suffice. */
  async function count(account: string, networks: string[], isKnown: boolean): Promise<Balance | undefined> {
    const here = await Promise.all(
      perNetwork.slice(0, networks.length).map((budget, n) => budget.spend(`${account} ${networks[n]}`, 1)),
    );
    const refusedHere = here.find(({ sufficed }) => !sufficed);
    // What was refused here already is no attempt on the account.
    if (refusedHere || isKnown) return refusedHere;
    if ((await perAccount.spend(account, 1)).sufficed) return undefined;
    const late = await onceAMinute.spend(`${account} ${coarsest(networks)}`, 1);
    return late.sufficed ? undefined : late;
  }

  async function refund(account: string, networks: string[], isKnown: boolean): Promise<void> {
    await Promise.all(
      perNetwork
        .slice(0, networks.length)
        .map((budget, n) => budget.refund(`${account} ${networks[n]}`, n === 0 ? undefined : 1)),
    );
    if (!isKnown) await perAccount.refund(account, 1);
  }

  return {
    async beforeSignIn(email, isKnown, unlockedAt) {
      const from = currentRequest()?.address;
      const networks = networksOf(from);
      const crowd = from ? await signInsFrom.spend(from, 1) : undefined;
      if (crowd && !crowd.sufficed) throw tooManyAttempts(crowd);
      const account = keyOf(email);
      const refused = await count(account, networks, isKnown);
      if (!refused) return { succeeded: () => refund(account, networks, isKnown) };
      const since = await unlockedAt();
      if (!since) throw tooManyAttempts(refused);
      // What an operator has unlocked is counted from there on, in whichever process.
      const unlocked = `${account} ${since.getTime()}`;
      const again = await count(unlocked, networks, isKnown);
      if (again) throw tooManyAttempts(again);
      return { succeeded: () => refund(unlocked, networks, isKnown) };
    },
    async beforeSignUp() {
      const from = currentRequest()?.address;
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

function tooManyAttempts({ reset }: Balance): RateLimited {
  return new RateLimited('Too many attempts to sign in; wait a little and try again.', reset);
}

/** An address is not kept where others may read it, such as in a Redis. */
function keyOf(email: string): string {
  return createHash('sha256').update(accountOf(email)).digest('base64url');
}

/** The network of an attempt, and of IPv6, of which `address` is a network of 64 bits, the wider ones around it. */
function networksOf(address = ''): string[] {
  if (!address.includes(':')) return [address];
  const digits = address
    .split('::', 1)
    .join('')
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('')
    .padEnd(16, '0');
  return [address, ...WIDER_NETWORKS.map((wider) => `${digits.slice(0, wider.digits)}/${wider.digits * 4}`)];
}

/** Of IPv4 the 256 addresses around it: a guesser in a data centre has them all. */
function coarsest(networks: string[]): string {
  return (networks.at(-1) ?? '').replace(/^(\d+\.\d+\.\d+)\.\d+$/, '$1');
}
