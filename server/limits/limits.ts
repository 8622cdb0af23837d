import type { Budget } from './budgets.ts';
import type { InvitationLimits } from './invitation-limits.ts';
import type { RequestBudget } from './request-budget.ts';
import type { SignInLimits } from './sign-in-limits.ts';

export interface Limits {
  /** Points per viewer. */
  operations: Budget;
  /** Requests per client IP, including rejected ones. */
  requests: RequestBudget;
  signIn: SignInLimits;
  invitations: InvitationLimits;
  /** Concurrent HTTP requests per client IP. */
  requestsPerAddress: number;
  proxies: number;
}
