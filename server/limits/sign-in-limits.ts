import { createHash } from 'node:crypto';
import { accountOf } from '../domain/email-address.ts';
import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request-context.ts';
import { createBudget, type Balance } from './budgets.ts';
import type { SharedRedis } from './redis.ts';

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;
const HOUR = 60 * MINUTE;
/** Limit per account and hour as a multiple of one network's. Above it: one attempt per minute and network. */
const NETWORKS_TOGETHER = 10;
/** Many people can share an address. */
const SIGN_INS_PER_ADDRESS = 300;
const SIGN_UPS_PER_ADDRESS = 60;

/** Wider IPv6 networks that one customer can have, with their limits as a multiple of one /64 network's. */
const WIDER_NETWORKS = [
  { digits: 14, times: 2 },
  { digits: 12, times: 4 },
] as const;

export interface Attempt {
  succeeded(): Promise<void>;
}

export interface SignInLimits {
  /**
   * Counts an attempt before the password is checked, so that concurrent attempts are counted too.
   * @param isKnown whether this browser has signed in to the account before.
   * @param unlockedAt when an operator last lifted the account's limits; called before a rejection.
   * @throws RateLimited
   */
  beforeSignIn(email: string, isKnown: boolean, unlockedAt: () => Promise<Date | null>): Promise<Attempt>;
  beforeSignUp(): Promise<void>;
}

/**
 * Limits password guessing. Attempts count per account and network, so that others cannot lock the owner out; and per
 * account, so that many networks do not help. Above that limit, each network has one attempt per minute, so that the
 * owner can still sign in from a new browser; browsers that have signed in before are exempt from it. Requests from
 * this machine have no limit.
 * @param attempts wrong passwords per account and network in 15 minutes; 0 means no limit.
 */
export function createSignInLimits(attempts: number, redis?: SharedRedis): SignInLimits {
  const perNetwork = [1, ...WIDER_NETWORKS.map(({ times }) => times)].map((times) =>
    createBudget(`sign-in-${times}`, attempts * times, QUARTER_HOUR, redis),
  );
  const perAccount = createBudget('sign-in-of', attempts * NETWORKS_TOGETHER, HOUR, redis);
  const onceAMinute = createBudget('sign-in-late', attempts && 1, MINUTE, redis);
  const signInsFrom = createBudget('sign-ins-from', attempts && SIGN_INS_PER_ADDRESS, QUARTER_HOUR, redis);
  const signUpsFrom = createBudget('sign-ups-from', attempts && SIGN_UPS_PER_ADDRESS, HOUR, redis);

  async function count(account: string, networks: string[], isKnown: boolean): Promise<Balance | undefined> {
    const here = await Promise.all(
      perNetwork.slice(0, networks.length).map((budget, n) => budget.spend(`${account} ${networks[n]}`, 1)),
    );
    const refusedHere = here.find(({ sufficed }) => !sufficed);
    // Attempts rejected by the network's limit do not count against the account.
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
      // After an unlock, attempts are counted under a new key, in all processes.
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
          'Too many accounts were created from your address. Try again later.',
          spent.reset,
        );
      }
    },
  };
}

function tooManyAttempts({ reset }: Balance): RateLimited {
  return new RateLimited('Too many sign-in attempts. Wait a moment and try again.', reset);
}

/** Others may be able to read the budgets, for example in Redis. */
function keyOf(email: string): string {
  return createHash('sha256').update(accountOf(email)).digest('base64url');
}

/** The client's network; for IPv6 also the wider networks around its /64. */
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

/** For IPv4, the /24 network: an attacker in a data center can have all of it. */
function coarsest(networks: string[]): string {
  return (networks.at(-1) ?? '').replace(/^(\d+\.\d+\.\d+)\.\d+$/, '$1');
}
