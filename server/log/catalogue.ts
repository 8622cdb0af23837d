import type {
  Event,
  MessageRole,
  SharePermission,
  Task,
  TeamRole,
  WebhookDisabledReason,
} from '../../prisma/generated/client/client.ts';
import type { IdType } from '../ids.ts';
import type { EventSource } from './source.ts';

export interface TaskFacts {
  owner: string;
  assignee: string | null;
  team: string | null;
  status: Task['status'];
  priority: Task['priority'];
  dueOn: string | null;
  archived: boolean;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
}

/** `before` is null for a created or restored task, `after` for a deleted one. */
export interface TaskEventData {
  before: TaskFacts | null;
  after: TaskFacts | null;
}

interface ApprovalData {
  /** A mutation of the API. */
  verb: string;
  /** Id of the API token or the connected application that asked, or of the assistant’s conversation. */
  through: string;
}

/** `REFUSED`: it had an error. `WAITING`: the person has to approve it. */
export type ToolCallState = 'DONE' | 'REFUSED' | 'WAITING';

/** Data of events: ids and facts, never rows. */
interface EventKinds {
  'task.created': TaskEventData & { fingerprint: string };
  'task.updated': TaskEventData;
  'task.completed': TaskEventData;
  'task.reopened': TaskEventData;
  'task.deleted': TaskEventData & { sharedWith?: string[] };
  'task.restored': TaskEventData & { sharedWith?: string[] };
  'task.purged': Record<string, never>;
  'task.leftTeam': Record<string, never>;
  'task.shared': { taskId: string; permission: SharePermission };
  'task.shareUpdated': { taskId: string; permission: SharePermission };
  'task.shareRevoked': { taskId: string };
  /** The receiver's event has no task, which they cannot see yet. */
  'task.shareOffered': { taskId?: string; permission: SharePermission };
  'task.shareAccepted': { taskId: string; permission: SharePermission };
  'task.shareRefused': { taskId: string };
  'task.shareOfferRevoked': { taskId?: string };
  'comment.added': { taskId: string; fingerprint: string };
  'comment.updated': { taskId: string };
  'comment.deleted': { taskId: string };
  'team.created': { fingerprint: string };
  'team.updated': { fields: string[] };
  'team.deleted': { name: string };
  'team.memberInvited': { role: TeamRole };
  'team.invitationRevoked': Record<string, never>;
  'team.memberJoined': { role: TeamRole };
  'team.roleChanged': { before: TeamRole; after: TeamRole };
  'team.memberRemoved': { role: TeamRole };
  'team.memberLeft': { role: TeamRole };
  'team.ownershipTransferred': { before: string; after: string };
  /** The participants do not follow its topic yet. */
  'conversation.created': { participants: string[]; fingerprint: string };
  'conversation.renamed': Record<string, never>;
  'conversation.participantAdded': Record<string, never>;
  'conversation.read': Record<string, never>;
  'conversation.deleted': { participants: string[] };
  /** `person` is the new owner, if the owner left. */
  'conversation.left': Record<string, never>;
  'conversation.offered': Record<string, never>;
  'conversation.offerRevoked': Record<string, never>;
  'conversation.accepted': Record<string, never>;
  'conversation.refused': Record<string, never>;
  'message.sent': { conversationId: string; role: MessageRole; fingerprint: string };
  'user.updated': { fields: string[] };
  /** Only the blocker reads it, so it names no one. */
  'user.blocked': Record<string, never>;
  'user.unblocked': Record<string, never>;
  'apiToken.created': Record<string, never>;
  'apiToken.revoked': Record<string, never>;
  'apiToken.used': Record<string, never>;
  /** ISO 8601; null if it asks again. */
  'apiToken.grantChanged': { until: string | null };
  'view.created': Record<string, never>;
  'view.updated': { fields: string[] };
  'view.deleted': Record<string, never>;
  'dashboard.created': Record<string, never>;
  'dashboard.updated': { fields: string[] };
  'dashboard.deleted': Record<string, never>;
  'webhook.created': Record<string, never>;
  'webhook.updated': { fields: string[] };
  'webhook.deleted': Record<string, never>;
  'webhook.disabled': { reason: WebhookDisabledReason };
  'webhook.secretRotated': Record<string, never>;
  'application.connected': Record<string, never>;
  'application.disconnected': Record<string, never>;
  'application.tokenReused': Record<string, never>;
  'application.grantChanged': { until: string | null };
  'approval.requested': ApprovalData;
  'approval.approved': ApprovalData;
  'approval.refused': ApprovalData;
  /** The number of changes that were taken back. */
  'run.undone': { changes: number };
  'assistant.toolCalled': { tool: string; state: ToolCallState };
  'assistant.replyChanged': { state: 'FAILED' | 'STOPPED' | 'STOPPING' | 'RETRIED' };
  'access.refused': { code: string; operation: string; times?: number };
  'signIn.failed': Record<string, never>;
  /** `reset`: by an operator's one-time link. */
  'password.changed': { by: 'person' | 'reset' };
  'password.resetIssued': Record<string, never>;
  'account.unlocked': Record<string, never>;
  'account.verified': Record<string, never>;
}

export type EventKind = keyof EventKinds;

/** Includes the kinds that triggers append (migration `init`). */
export type LoggedKind = EventKind | 'user.signedUp' | 'session.started' | 'session.ended';

/** A changed value as text. Ids are only in `named`, since the reader may not see the object. */
export interface EventChange {
  field: string;
  before: string | null;
  after: string | null;
  named?: { type: IdType; before: string | null; after: string | null };
}

type Data = Record<string, unknown>;

interface EventTraits {
  description: string;
  /** The type of `subjectId`, if the API has one. */
  subject?: IdType;
  carriesFacts?: true;
  /** Visible to `personId` outside of the team too. */
  isPersonal?: true;
  isAudited?: true;
  /** It can change what the people it names see, or all who receive it. */
  changesRights?: 'ofNamed' | 'ofAll';
  /** It changes the dashboards of its actor and person, or of all who receive it. */
  changesNumbers?: 'ofNamed' | 'ofAll';
  endsCredential?: true;
  /** Default: the differences between `before` and `after`. */
  changes?: (data: Data) => EventChange[];
}

const changed = (field: string, before: unknown, after: unknown): EventChange[] => {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return [{ field, before: text(before), after: text(after) }];
};
const roleGiven = ({ role }: Data) => changed('role', null, role);
const roleTaken = ({ role }: Data) => changed('role', role, null);
const permissionGiven = ({ permission }: Data) => changed('permission', null, permission);
const verbAsked = ({ verb }: Data) => changed('verb', null, verb);
const fieldsChanged = ({ fields }: Data) =>
  (fields as string[]).flatMap((field) => changed(field, null, null));

/** The sets below, the API's enum and the delivery of events are derived from it. */
export const EVENTS: Readonly<Record<LoggedKind, EventTraits>> = {
  'task.created': { description: 'A task was created.', subject: 'Task', carriesFacts: true },
  'task.updated': {
    description: 'A task was changed, moved, archived or unarchived.',
    subject: 'Task',
    carriesFacts: true,
  },
  'task.completed': { description: 'A task became DONE.', subject: 'Task', carriesFacts: true },
  'task.reopened': {
    description: 'A DONE or CANCELLED task was reopened.',
    subject: 'Task',
    carriesFacts: true,
  },
  'task.deleted': { description: 'A task was moved to the trash.', subject: 'Task', carriesFacts: true },
  'task.restored': {
    description: 'A task was restored from the trash.',
    subject: 'Task',
    carriesFacts: true,
    changesRights: 'ofNamed',
  },
  'task.purged': {
    description:
      'A task in the trash was deleted permanently. There is no event for a task that was deleted because of its age.',
    subject: 'Task',
  },
  'task.leftTeam': {
    description: 'A task was moved out of a team. This event is for the members of the team it left.',
    subject: 'Task',
  },
  'task.shared': {
    description: 'A task was shared with `person`.',
    subject: 'TaskShare',
    isPersonal: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: permissionGiven,
  },
  'task.shareUpdated': {
    description: 'The permission or the expiry of a share changed.',
    subject: 'TaskShare',
    isPersonal: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: permissionGiven,
  },
  'task.shareRevoked': {
    description: 'A share was revoked, or given up by its receiver.',
    subject: 'TaskShare',
    isPersonal: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
  },
  'task.shareOffered': {
    description:
      'A share was offered, or its offer was renewed. The receiver gets a separate event without task, team and actor.',
    subject: 'ShareOffer',
    changesNumbers: 'ofNamed',
    changes: permissionGiven,
  },
  'task.shareAccepted': {
    description: '`actor` accepted an offered share.',
    subject: 'TaskShare',
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: permissionGiven,
  },
  'task.shareRefused': {
    description: 'An offered share was declined.',
    subject: 'ShareOffer',
    changesNumbers: 'ofNamed',
  },
  'task.shareOfferRevoked': {
    description: 'An offered share was withdrawn. The receiver gets a separate event.',
    subject: 'ShareOffer',
    changesNumbers: 'ofNamed',
  },
  'comment.added': { description: 'A comment was added to a task.', subject: 'Comment' },
  'comment.updated': { description: 'The text of a comment changed.', subject: 'Comment' },
  'comment.deleted': { description: 'A comment was deleted.', subject: 'Comment' },
  'team.created': { description: 'A team was created.', subject: 'Team', changesRights: 'ofNamed' },
  'team.updated': {
    description: 'A team’s name, slug or description changed.',
    subject: 'Team',
    changes: fieldsChanged,
  },
  'team.deleted': {
    description: 'A team was deleted. Its former members can read the event; `changes` has its name.',
    subject: 'Team',
    isPersonal: true,
    changesRights: 'ofAll',
    changesNumbers: 'ofAll',
    changes: ({ name }) => changed('name', name, null),
  },
  'team.memberInvited': {
    description:
      'A person was invited to a team. The account with the invited, verified address gets a separate event without team and actor.',
    subject: 'TeamInvitation',
    changesNumbers: 'ofNamed',
    changes: roleGiven,
  },
  'team.invitationRevoked': {
    description:
      'An invitation was withdrawn, declined or deleted with its team. The account with the invited, verified address gets a separate event.',
    subject: 'TeamInvitation',
  },
  'team.memberJoined': {
    description: 'An invitation was accepted. `person` is the new member.',
    subject: 'TeamInvitation',
    isPersonal: true,
    isAudited: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: roleGiven,
  },
  'team.roleChanged': {
    description: 'The role of `person` in a team changed.',
    subject: 'Membership',
    isPersonal: true,
    isAudited: true,
    changesRights: 'ofNamed',
    changes: ({ before, after }) => changed('role', before, after),
  },
  'team.memberRemoved': {
    description: '`person` was removed from a team.',
    subject: 'Membership',
    isPersonal: true,
    isAudited: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: roleTaken,
  },
  'team.memberLeft': {
    description: 'A member left a team voluntarily.',
    subject: 'Membership',
    isPersonal: true,
    isAudited: true,
    changesRights: 'ofNamed',
    changesNumbers: 'ofNamed',
    changes: roleTaken,
  },
  'team.ownershipTransferred': {
    description: 'A team was transferred to `person`.',
    subject: 'Team',
    isPersonal: true,
    isAudited: true,
    changesRights: 'ofNamed',
  },
  'conversation.created': {
    description: 'A conversation was started.',
    subject: 'Conversation',
    changesRights: 'ofNamed',
  },
  'conversation.renamed': { description: 'The title of a conversation changed.', subject: 'Conversation' },
  'conversation.participantAdded': {
    description: '`person` was added to a conversation.',
    subject: 'Conversation',
    changesRights: 'ofNamed',
  },
  'conversation.read': {
    description: 'The viewer read messages of a conversation. Only the viewer can read the event.',
    subject: 'Conversation',
  },
  'conversation.deleted': {
    description:
      'A conversation was deleted. Its former owner can read the event; each other participant gets a separate event without actor.',
    subject: 'Conversation',
    changesRights: 'ofNamed',
  },
  'conversation.left': {
    description: 'A participant left a conversation. If the owner left, `person` is the new owner.',
    subject: 'Conversation',
    changesRights: 'ofNamed',
  },
  'conversation.offered': {
    description: 'A conversation was offered to `person`, who is in no team with its owner.',
    subject: 'Conversation',
  },
  'conversation.offerRevoked': {
    description:
      'The offer of a conversation ended because it was deleted or its owner left. For the person it was offered to.',
    subject: 'Conversation',
  },
  'conversation.accepted': {
    description: 'An offered conversation was accepted.',
    subject: 'Conversation',
    changesRights: 'ofNamed',
  },
  'conversation.refused': {
    description: 'An offered conversation was declined. `person` is who offered it.',
    subject: 'Conversation',
  },
  'message.sent': { description: 'A message was sent in a conversation.', subject: 'Message' },
  'user.signedUp': { description: 'An account was created.', subject: 'User', isAudited: true },
  'user.updated': { description: 'A person changed their profile.', subject: 'User', changes: fieldsChanged },
  'user.blocked': { description: 'The viewer blocked a person.', subject: 'Block' },
  'user.unblocked': { description: 'The viewer unblocked a person.', subject: 'Block' },
  'session.started': { description: 'A person signed in.', isAudited: true },
  'session.ended': {
    description: 'A session ended: the person signed out, or it expired.',
    isAudited: true,
    endsCredential: true,
  },
  'apiToken.created': { description: 'An API token was created.', subject: 'ApiToken', isAudited: true },
  'apiToken.revoked': {
    description: 'An API token was revoked.',
    subject: 'ApiToken',
    isAudited: true,
    endsCredential: true,
  },
  'apiToken.used': {
    description: 'An API token was used for the first time in a clock hour.',
    subject: 'ApiToken',
    isAudited: true,
  },
  'apiToken.grantChanged': {
    description:
      'A person let an API token delete tasks without an approval, or ended that. `changes` has the time until which it may.',
    subject: 'ApiToken',
    isAudited: true,
    changes: ({ until }) => changed('mayDeleteUntil', null, until),
  },
  'view.created': { description: 'A view was saved.', subject: 'View' },
  'view.updated': { description: 'A view was changed.', subject: 'View', changes: fieldsChanged },
  'view.deleted': { description: 'A view was deleted.', subject: 'View' },
  'dashboard.created': { description: 'A dashboard was created.', subject: 'CustomDashboard' },
  'dashboard.updated': {
    description: 'A dashboard or its widgets were changed.',
    subject: 'CustomDashboard',
    changes: fieldsChanged,
  },
  'dashboard.deleted': { description: 'A dashboard was deleted.', subject: 'CustomDashboard' },
  'webhook.created': { description: 'A webhook was created.', subject: 'Webhook', isAudited: true },
  'webhook.updated': {
    description: 'The settings of a webhook changed, or it was enabled.',
    subject: 'Webhook',
    isAudited: true,
    changes: fieldsChanged,
  },
  'webhook.deleted': { description: 'A webhook was deleted.', subject: 'Webhook', isAudited: true },
  'webhook.disabled': {
    description:
      'A webhook was disabled. `actor` is null if the server disabled it. `changes` has the reason.',
    subject: 'Webhook',
    isAudited: true,
    changes: ({ reason }) => changed('disabledReason', null, reason),
  },
  'webhook.secretRotated': {
    description: 'A webhook got a new secret.',
    subject: 'Webhook',
    isAudited: true,
  },
  'application.connected': {
    description: 'A person allowed an application access to their account.',
    subject: 'ConnectedApplication',
    isAudited: true,
  },
  'application.disconnected': {
    description: 'An application was disconnected: by its person, or by itself.',
    subject: 'ConnectedApplication',
    isAudited: true,
    endsCredential: true,
  },
  'application.tokenReused': {
    description:
      'A code or refresh token of an application of `person` was used a second time, so someone may have copied it. The application was disconnected.',
    subject: 'ConnectedApplication',
    isAudited: true,
    endsCredential: true,
  },
  'application.grantChanged': {
    description:
      'A person let a connected application delete tasks without an approval, or ended that. `changes` has the time until which it may.',
    subject: 'ConnectedApplication',
    isAudited: true,
    changes: ({ until }) => changed('mayDeleteUntil', null, until),
  },
  'approval.requested': {
    description: 'An agent asked for a change that its person must approve. `changes` has the mutation.',
    subject: 'Approval',
    isAudited: true,
    changes: verbAsked,
  },
  'approval.approved': {
    description: 'A person approved a change that an agent asked for, and it was made.',
    subject: 'Approval',
    isAudited: true,
    changes: verbAsked,
  },
  'approval.refused': {
    description:
      'A change that an agent asked for was not made: its person refused it, or what it concerns had changed.',
    subject: 'Approval',
    isAudited: true,
    changes: verbAsked,
  },
  'run.undone': {
    description: 'A person took back what an agent did. `changes` has the number of changes.',
    subject: 'AgentRun',
    changes: ({ changes }) => changed('changes', null, String(changes)),
  },
  'assistant.toolCalled': {
    description:
      'The assistant called a tool for a message. `changes` has the tool, and `DONE`, `REFUSED` or `WAITING` for an approval.',
    subject: 'Message',
    changes: ({ tool, state }) => [...changed('tool', null, tool), ...changed('state', null, state)],
  },
  'assistant.replyChanged': {
    description:
      'The assistant’s reply to a message failed or was stopped, or a person asked to stop it or to try again. `changes` has which.',
    subject: 'Message',
    changes: ({ state }) => changed('state', null, state),
  },
  'access.refused': {
    description:
      'A person requested something they may not see or do, or used an expired API token. `refusal` has the details. Use of an expired token is recorded once per hour.',
    isAudited: true,
  },
  'signIn.failed': {
    description:
      'A wrong password was entered for the account of `person`. Null if no account has the address.',
    isAudited: true,
  },
  'password.changed': {
    description: 'A person changed their password, or set a new one with a one-time link from an operator.',
    subject: 'User',
    isAudited: true,
  },
  'password.resetIssued': {
    description: 'An operator issued a one-time link to set a new password for `person`.',
    isAudited: true,
  },
  'account.unlocked': {
    description: 'An operator lifted the sign-in limits of `person`.',
    isAudited: true,
  },
  'account.verified': {
    description: 'An operator verified the email address of `person`.',
    isAudited: true,
    changesRights: 'ofNamed',
  },
};

const kinds = Object.keys(EVENTS) as LoggedKind[];

/** Empty for a kind of a newer version. */
export function traitsOf(kind: string): Partial<EventTraits> {
  return Object.hasOwn(EVENTS, kind) ? EVENTS[kind as LoggedKind] : {};
}

/** The task that an event is about, directly or through a share or comment. */
export function taskIdOf({
  kind,
  subjectId,
  data,
}: Pick<Event, 'kind' | 'subjectId' | 'data'>): string | null {
  if (traitsOf(kind).subject === 'Task') return subjectId;
  return (data as { taskId?: string }).taskId ?? null;
}

/** The index "events_personal" has the same kinds. */
export const PERSONAL: readonly LoggedKind[] = kinds.filter((kind) => EVENTS[kind].isPersonal);

/** The index "events_audited" has the same kinds. */
export const AUDITED: readonly LoggedKind[] = kinds.filter((kind) => EVENTS[kind].isAudited);

export const CARRYING_FACTS: readonly LoggedKind[] = kinds.filter((kind) => EVENTS[kind].carriesFacts);

/** The parts of the data that all readers may see. */
export function changesOf(kind: LoggedKind, data: unknown): EventChange[] {
  const { changes, carriesFacts } = traitsOf(kind);
  if (changes) return changes(data as Data);
  const { before, after } = data as TaskEventData;
  return carriesFacts && before && after ? factChanges(before, after) : [];
}

const SHOWN_FACTS = ['status', 'priority', 'dueOn'] as const;
const NAMED_FACTS = [
  ['owner', 'User'],
  ['assignee', 'User'],
  ['team', 'Team'],
] as const;

function factChanges(before: TaskFacts, after: TaskFacts): EventChange[] {
  const differs = (fact: keyof TaskFacts) => before[fact] !== after[fact];
  return [
    ...SHOWN_FACTS.filter(differs).flatMap((fact) => changed(fact, before[fact], after[fact])),
    ...NAMED_FACTS.filter(([fact]) => differs(fact)).map(([field, type]) => {
      const named = { type, before: before[field], after: after[field] };
      return { field, before: null, after: null, named };
    }),
    ...(differs('archived') ? changed('archived', String(before.archived), String(after.archived)) : []),
  ];
}

export interface NewEvent<Kind extends EventKind> {
  kind: Kind;
  /** The person of the credential; null if no one is signed in. */
  actorId: string | null;
  subjectId: string | null;
  teamId?: string | null;
  personId?: string | null;
  conversationId?: string | null;
  data: EventKinds[Kind];
  /** Default: the current source; see `server/log/source.ts`. */
  source?: EventSource | null;
}
