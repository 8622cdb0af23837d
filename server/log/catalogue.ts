import type { MessageRole, SharePermission, Task, TeamRole } from '../../prisma/generated/client/client.ts';

/** What counters and history must know of a task: where it counts, and as what. */
export interface TaskFacts {
  owner: string;
  assignee: string | null;
  team: string | null;
  status: Task['status'];
  priority: Task['priority'];
  /** The day as `YYYY-MM-DD`. */
  dueOn: string | null;
  /** An archived task counts nowhere. */
  archived: boolean;
  /** This and the following moments in RFC 3339, as all that counting must know of when. */
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
}

/** A created task has no `before`, a deleted one no `after`. */
export interface TaskEventData {
  before: TaskFacts | null;
  after: TaskFacts | null;
}

/** Each kind of event that the server appends, with the data that it carries: ids and facts, never rows. */
interface EventKinds {
  'task.created': TaskEventData & { fingerprint: string };
  'task.updated': TaskEventData;
  'task.completed': TaskEventData;
  'task.reopened': TaskEventData;
  /** With whom it was shared, up to 1,000 people, for its shares are gone with it; left out for none. */
  'task.deleted': TaskEventData & { sharedWith?: string[] };
  /** For the people of the team that it was in, whom the event of the change is not for any more. */
  'task.leftTeam': Record<string, never>;
  'task.shared': { taskId: string; permission: SharePermission };
  'task.shareUpdated': { taskId: string; permission: SharePermission };
  'task.shareRevoked': { taskId: string };
  /** Without the task in the event for the receiver, who does not see it yet. */
  'task.shareOffered': { taskId?: string; permission: SharePermission };
  'task.shareAccepted': { taskId: string; permission: SharePermission };
  'task.shareRefused': { taskId: string };
  'task.shareOfferRevoked': { taskId?: string };
  'comment.added': { taskId: string; fingerprint: string };
  'comment.updated': { taskId: string };
  'comment.deleted': { taskId: string };
  'team.created': { fingerprint: string };
  'team.updated': { fields: string[] };
  /** Its name too, for nobody can read it again. */
  'team.deleted': { name: string };
  'team.memberInvited': { role: TeamRole };
  'team.invitationRevoked': Record<string, never>;
  'team.memberJoined': { role: TeamRole };
  'team.roleChanged': { before: TeamRole; after: TeamRole };
  'team.memberRemoved': { role: TeamRole };
  'team.memberLeft': { role: TeamRole };
  'team.ownershipTransferred': { before: string; after: string };
  /** With whom it is, for its topic is news to them. */
  'conversation.created': { participants: string[]; fingerprint: string };
  'conversation.renamed': Record<string, never>;
  'conversation.deleted': { participants: string[] };
  /** `person` is the new owner, where the owner left. */
  'conversation.left': Record<string, never>;
  /** For the person that it is offered to, as the next one. */
  'conversation.offered': Record<string, never>;
  'conversation.offerRevoked': Record<string, never>;
  'conversation.accepted': Record<string, never>;
  'conversation.refused': Record<string, never>;
  'message.sent': { conversationId: string; role: MessageRole; fingerprint: string };
  'user.updated': { fields: string[] };
  /** Only the blocker reads of it, so it names no one else. */
  'user.blocked': Record<string, never>;
  'user.unblocked': Record<string, never>;
  'apiToken.created': Record<string, never>;
  'apiToken.revoked': Record<string, never>;
  'apiToken.used': Record<string, never>;
  /** `times` where one event stands for the rest of a minute; once otherwise. */
  'access.refused': { code: string; operation: string; times?: number };
  'signIn.failed': Record<string, never>;
  /** `reset` where a one-time link of the operator was used. */
  'password.changed': { by: 'person' | 'reset' };
  'password.resetIssued': Record<string, never>;
  'account.unlocked': Record<string, never>;
  'account.verified': Record<string, never>;
}

export type EventKind = keyof EventKinds;

/** Every kind in the log, with those that triggers append (migration `init`). */
export type LoggedKind = EventKind | 'user.signedUp' | 'session.started' | 'session.ended';

export interface NewEvent<Kind extends EventKind> {
  kind: Kind;
  /** Who did it: always the person of the credential; null where nobody is signed in. */
  actorId: string | null;
  subjectId: string | null;
  /** The team whose members may read of it. */
  teamId?: string | null;
  /** Whom it concerns besides the actor. */
  personId?: string | null;
  /** The conversation whose participants may read of it. */
  conversationId?: string | null;
  data: EventKinds[Kind];
}
