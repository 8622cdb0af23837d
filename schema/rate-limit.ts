import type { Balance } from '../server/limits/budgets.ts';
import { currentRequest } from '../server/request-context.ts';
import { builder } from './machinery/builder.ts';

const RateLimit = builder.objectRef<{ balance: Balance | undefined; cost: number }>('RateLimit').implement({
  description:
    'The viewer’s rate limit. Operations cost points in proportion to their work: an object in the response costs one point, a mutation ten or more.',
  fields: (t) => ({
    cost: t.exposeInt('cost', {
      description: 'Cost of this operation in points, calculated before it ran.',
    }),
    limit: t.int({
      nullable: true,
      description: 'Points per window (RATE_LIMIT_POINTS). Null if unlimited.',
      resolve: ({ balance }) => balance?.limit ?? null,
    }),
    remaining: t.int({
      nullable: true,
      description: 'Points left after this operation.',
      resolve: ({ balance }) => balance?.remaining ?? null,
    }),
    reset: t.int({
      nullable: true,
      description: 'Seconds until all points are available again.',
      resolve: ({ balance }) => balance?.reset ?? null,
    }),
  }),
});

builder.queryField('rateLimit', (t) =>
  t.field({
    type: RateLimit,
    description:
      'The viewer’s rate limit. To get the cost of an operation without running it, send it with `extensions: { "cost": "dry-run" }`.',
    resolve: () => ({ balance: currentRequest()?.balance, cost: currentRequest()?.cost ?? 0 }),
  }),
);
