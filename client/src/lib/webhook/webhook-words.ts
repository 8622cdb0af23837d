import type { EventKind, WebhookDeliveryStatus, WebhookDisabledReason } from '../../gql/graphql.ts';
import { plural } from '../language/format.ts';

/** Groups of kinds in the form. A kind belongs to the first group with a prefix that matches. */
export const kindGroups = () =>
  [
    [
      'Tasks',
      [
        'TASK_CREATED',
        'TASK_UPDATED',
        'TASK_COMPLETED',
        'TASK_REOPENED',
        'TASK_DELETED',
        'TASK_RESTORED',
        'TASK_PURGED',
        'TASK_LEFT_TEAM',
      ],
    ],
    ['Comments', ['COMMENT_ADDED', 'COMMENT_UPDATED', 'COMMENT_DELETED']],
    [
      'Sharing',
      [
        'TASK_SHARED',
        'TASK_SHARE_UPDATED',
        'TASK_SHARE_REVOKED',
        'TASK_SHARE_OFFERED',
        'TASK_SHARE_ACCEPTED',
        'TASK_SHARE_REFUSED',
        'TASK_SHARE_OFFER_REVOKED',
      ],
    ],
    [
      'Teams and members',
      [
        'TEAM_CREATED',
        'TEAM_UPDATED',
        'TEAM_DELETED',
        'TEAM_MEMBER_INVITED',
        'TEAM_INVITATION_REVOKED',
        'TEAM_MEMBER_JOINED',
        'TEAM_ROLE_CHANGED',
        'TEAM_MEMBER_REMOVED',
        'TEAM_MEMBER_LEFT',
        'TEAM_OWNERSHIP_TRANSFERRED',
      ],
    ],
    [
      'Conversations',
      [
        'MESSAGE_SENT',
        'CONVERSATION_CREATED',
        'CONVERSATION_RENAMED',
        'CONVERSATION_DELETED',
        'CONVERSATION_LEFT',
        'CONVERSATION_OFFERED',
        'CONVERSATION_OFFER_REVOKED',
        'CONVERSATION_ACCEPTED',
        'CONVERSATION_REFUSED',
      ],
    ],
    [
      'Account and security',
      [
        'USER_SIGNED_UP',
        'USER_UPDATED',
        'USER_BLOCKED',
        'USER_UNBLOCKED',
        'SESSION_STARTED',
        'SESSION_ENDED',
        'SIGN_IN_FAILED',
        'PASSWORD_CHANGED',
        'PASSWORD_RESET_ISSUED',
        'ACCOUNT_UNLOCKED',
        'ACCOUNT_VERIFIED',
        'ACCESS_REFUSED',
        'API_TOKEN_CREATED',
        'API_TOKEN_REVOKED',
        'API_TOKEN_USED',
        'WEBHOOK_CREATED',
        'WEBHOOK_UPDATED',
        'WEBHOOK_DELETED',
        'WEBHOOK_DISABLED',
        'WEBHOOK_SECRET_ROTATED',
      ],
    ],
  ] as const satisfies readonly (readonly [string, readonly EventKind[]])[];

/** Groups without events of a team. */
export const personalGroups = (): readonly string[] => ['Conversations'];

/** Such as "Tasks, Comments", or the number of kinds if they are no whole groups. */
export function kindWords(kinds: readonly EventKind[]): string {
  if (kinds.length === 0) return 'All events';
  const whole = kindGroups().filter(([, group]) => group.every((kind) => kinds.includes(kind)));
  const counted = whole.reduce((sum, [, group]) => sum + group.length, 0);
  if (counted === kinds.length) return whole.map(([name]) => name).join(', ');
  return kinds.length === 1
    ? eventWords(kinds[0])
    : plural(kinds.length, ['# kind of events', '# kinds of events']);
}

/** Such as "Task created". */
export function eventWords(kind: EventKind | null | undefined): string {
  if (!kind) return 'Test';
  return kind.charAt(0) + kind.slice(1).toLowerCase().replaceAll('_', ' ');
}

export const disabledWords: Readonly<Record<WebhookDisabledReason, string>> = {
  get BY_PERSON() {
    return 'Disabled';
  },
  get FAILING() {
    return 'Disabled: every attempt failed for 24 hours';
  },
  get GONE() {
    return 'Disabled: the receiver no longer exists (HTTP 410)';
  },
  get NO_ACCESS() {
    return 'Disabled: the person who set it up can no longer manage this team';
  },
  get SECRET_LOST() {
    return 'Disabled: the server has a new secret. Rotate the webhook’s secret, then enable it';
  },
};

export const statusWords: Readonly<Record<WebhookDeliveryStatus, string>> = {
  get PENDING() {
    return 'Pending';
  },
  get DELIVERED() {
    return 'Delivered';
  },
  get FAILED() {
    return 'Failed';
  },
};
