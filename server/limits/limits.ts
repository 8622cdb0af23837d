import type { Budget } from './budgets.ts';
import type { InvitationLimits } from './invitation-limits.ts';
import type { RequestBudget } from './request-budget.ts';
import type { SignInLimits } from './sign-in-limits.ts';

/** What a server lets people do before it asks them to wait. */
export interface Limits {
  /** Points for operations, of each viewer. */
  operations: Budget;
  /** Requests of each network address, whatever becomes of them. */
  requests: RequestBudget;
  signIn: SignInLimits;
  invitations: InvitationLimits;
  /** Most HTTP requests of one network address under way at once. */
  requestsPerAddress: number;
  /** How many proxies stand in front of the server. */
  proxies: number;
}
