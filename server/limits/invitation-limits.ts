import { createHash } from 'node:crypto';
import { RateLimited } from '../errors.ts';
import { createBudget } from './budgets.ts';
import type { SharedRedis } from './redis.ts';

const HOUR_SECONDS = 60 * 60;
const TO_ONE_ADDRESS = 1 / 10;
const TO_ONE_ADDRESS_FROM_ALL = 1 / 2;

export interface InvitationLimits {
  beforeInvitation(senderId: string, email: string): Promise<void>;
}

/**
 * Limits invitations, since they show people text they did not ask for. The limit per address is several times that
 * of one sender, so that one sender cannot use it up.
 * @param perHour invitations per sender and hour; 0 means no limit.
 */
export function createInvitationLimits(perHour: number, redis?: SharedRedis): InvitationLimits {
  const share = (part: number) => Math.ceil(perHour * part);
  const bySender = createBudget('invitations-by', perHour, HOUR_SECONDS, redis);
  const byPair = createBudget('invitations-by-to', share(TO_ONE_ADDRESS), HOUR_SECONDS, redis);
  const toAddress = createBudget('invitations-to', share(TO_ONE_ADDRESS_FROM_ALL), HOUR_SECONDS, redis);
  return {
    async beforeInvitation(senderId, email) {
      // Others may be able to read the budgets, for example in Redis.
      const address = createHash('sha256').update(email).digest('base64url');
      // The order matters: rejected invitations do not count against the address.
      for (const [budget, key, sentence] of [
        [bySender, senderId, 'You have sent too many invitations in the last hour. Try again later.'],
        [byPair, `${senderId} ${address}`, 'You have invited this address too often. Try again later.'],
        [toAddress, address, 'This address was invited too often in the last hour. Try again later.'],
      ] as const) {
        const { sufficed, reset } = await budget.spend(key, 1);
        if (!sufficed) throw new RateLimited(sentence, reset);
      }
    },
  };
}
