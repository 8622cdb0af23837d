import { createHash } from 'node:crypto';
import { RateLimited } from '../errors.ts';
import { createBudget } from './budgets.ts';
import type { SharedRedis } from './redis.ts';

const HOUR_SECONDS = 60 * 60;
/** Shares of the limit of one sender. */
const TO_ONE_ADDRESS = 1 / 10;
const TO_ONE_ADDRESS_FROM_ALL = 1 / 2;

export interface InvitationLimits {
  /**
   * Counts an attempt to invite an address, also one that is refused later.
   * @throws RateLimited
   */
  beforeInvitation(senderId: string, email: string): Promise<void>;
}

/**
 * Bounds invitations, because they put text of their sender, the team's name, before people who did not ask for it. The
 * limit of all senders together to one address is several times that of one, so that one sender cannot use it up.
 * @param perHour invitations that one person may send in an hour; 0 sets no limit.
 */
export function createInvitationLimits(perHour: number, redis?: SharedRedis): InvitationLimits {
  const share = (part: number) => Math.ceil(perHour * part);
  const bySender = createBudget('invitations-by', perHour, HOUR_SECONDS, redis);
  const byPair = createBudget('invitations-by-to', share(TO_ONE_ADDRESS), HOUR_SECONDS, redis);
  const toAddress = createBudget('invitations-to', share(TO_ONE_ADDRESS_FROM_ALL), HOUR_SECONDS, redis);
  return {
    async beforeInvitation(senderId, email) {
      // Addresses are not kept where others may read them, such as in a Redis.
      const address = createHash('sha256').update(email).digest('base64url');
      // In this order: what a sender may not send is not counted against the address.
      for (const [budget, key, sentence] of [
        [bySender, senderId, 'You have sent too many invitations within an hour; wait and try again.'],
        [byPair, `${senderId} ${address}`, 'You have invited this address too often; wait and try again.'],
        [toAddress, address, 'This address was invited too often within an hour; wait and try again.'],
      ] as const) {
        const { sufficed, reset } = await budget.spend(key, 1);
        if (!sufficed) throw new RateLimited(sentence, reset);
      }
    },
  };
}
