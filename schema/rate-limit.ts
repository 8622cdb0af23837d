import type { Balance } from '../server/limits/budgets.ts';
import { currentRequest } from '../server/request-context.ts';
import { builder } from './machinery/builder.ts';

const RateLimit = builder.objectRef<{ balance: Balance | undefined; cost: number }>('RateLimit').implement({
  description:
    'What the viewer can still spend. Points stand for the work of an operation: an object of the answer costs one, a change ten or more.',
  fields: (t) => ({
    cost: t.exposeInt('cost', {
      description: 'Points that this very operation costs, as priced before it ran.',
    }),
    limit: t.int({
      nullable: true,
      description: 'Points of a whole window (RATE_LIMIT_POINTS); null where the server sets no limit.',
      resolve: ({ balance }) => balance?.limit ?? null,
    }),
    remaining: t.int({
      nullable: true,
      description: 'Points that are left after this operation.',
      resolve: ({ balance }) => balance?.remaining ?? null,
    }),
    reset: t.int({
      nullable: true,
      description: 'Seconds until all points are there again.',
      resolve: ({ balance }) => balance?.reset ?? null,
    }),
  }),
});

builder.queryField('rateLimit', (t) =>
  t.field({
    type: RateLimit,
    description:
      'The viewer’s budget. To price an operation without running it, send it with `extensions: { "cost": "dry-run" }`.',
    resolve: () => ({ balance: currentRequest()?.balance, cost: currentRequest()?.cost ?? 0 }),
  }),
);
