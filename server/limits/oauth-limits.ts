import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request-context.ts';
import { createBudget } from './budgets.ts';
import type { SharedRedis } from './redis.ts';

const HOUR_SECONDS = 60 * 60;
const REGISTRATIONS_PER_ADDRESS = 20;
const DOCUMENTS_PER_PERSON = 60;

export interface OauthLimits {
  /** Requests from this machine have no limit. @throws RateLimited */
  beforeRegistration(): Promise<void>;
  /** Before this server requests a URL for a person. @throws RateLimited */
  beforeDocument(personId: string): Promise<void>;
}

/** Limits what strangers can have this server store, and what people can have it request. */
export function createOauthLimits(redis?: SharedRedis): OauthLimits {
  const registrations = createBudget('oauth-registrations', REGISTRATIONS_PER_ADDRESS, HOUR_SECONDS, redis);
  const documents = createBudget('oauth-documents', DOCUMENTS_PER_PERSON, HOUR_SECONDS, redis);
  return {
    async beforeRegistration() {
      const from = currentRequest()?.address;
      const spent = from === undefined ? undefined : await registrations.spend(from, 1);
      if (spent && !spent.sufficed)
        throw new RateLimited(
          'Too many applications were registered from your address. Try again later.',
          spent.reset,
        );
    },
    async beforeDocument(personId) {
      const { sufficed, reset } = await documents.spend(personId, 1);
      if (!sufficed) throw new RateLimited('You have opened too many applications. Try again later.', reset);
    },
  };
}
