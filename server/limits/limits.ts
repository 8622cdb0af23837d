import type { Budget } from './budgets.ts';
import type { InvitationLimits } from './invitation-limits.ts';
import type { OauthLimits } from './oauth-limits.ts';
import type { RequestBudget } from './request-budget.ts';
import type { SignInLimits } from './sign-in-limits.ts';

export interface Limits {
  operations: Budget;
  requests: RequestBudget;
  signIn: SignInLimits;
  invitations: InvitationLimits;
  oauth: OauthLimits;
  requestsPerAddress: number;
  proxies: number;
}
