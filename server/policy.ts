import type {
  Comment,
  Conversation,
  Event,
  Membership,
  Prisma,
  SharePermission,
  Task,
  TeamInvitation,
  TeamRole,
} from '../prisma/generated/client/client.ts';
import { traitsOf } from './log/catalogue.ts';

/** Who acts: always resolved from a credential, never from an argument. */
export interface Person {
  userId: string;
}

/**
 * A person with their roles; `server/sql/viewer.ts` reads it in one statement. Shares are not part of it: a person can
 * receive any number of them, so they are joined in queries and looked up for the tasks at hand (`server/sql/shares.ts`).
 */
export interface Viewer extends Person {
  /** Null until it is verified: anyone can register an address, so it proves nothing before. */
  verifiedEmail: string | null;
  teams: ReadonlyMap<string, TeamRole>;
  /** Reads the audit trail of everybody. It allows no change, so verbs need not know. */
  isAdmin: boolean;
}

/** The part of an event that decides who reads of it. */
export type EventSubject = Pick<
  Event,
  'kind' | 'teamId' | 'actorId' | 'personId' | 'subjectId' | 'conversationId'
>;

/** The columns of a task that decide rights, as a selection of Prisma's. */
export const placement = { id: true, ownerId: true, assigneeId: true, teamId: true } as const;

export type TaskPlacement = Pick<Task, keyof typeof placement>;

/** A task with everything that decides a viewer's rights on it. */
export type TaskSubject = TaskPlacement & {
  /** What a share of this task allows the viewer; null where they hold none that is live. */
  share: SharePermission | null;
};

/** Every action that the policy rules on, with what it must know of its subject. */
interface Subjects {
  'task.edit': TaskSubject;
  'task.comment': TaskSubject;
  'task.delete': TaskSubject;
  'task.share': TaskPlacement;
  /** Gives it to another person to do. In a team the assignee may delete it, so an EDIT share does not allow this. */
  'task.assign': TaskPlacement;
  /** Takes it out of its team, or into another. */
  'task.move': TaskPlacement;
  'comment.edit': Pick<Comment, 'authorId'>;
  'comment.delete': Pick<Comment, 'authorId'> & { task: TaskPlacement };
  'team.createTask': TeamSubject;
  'team.update': TeamSubject;
  'team.invite': TeamSubject;
  'team.transfer': TeamSubject;
  'team.delete': TeamSubject;
  'team.leave': TeamSubject;
  /** Removes this member, or gives them another role. */
  'member.manage': Pick<Membership, 'teamId' | 'role'>;
  'invitation.accept': InvitationSubject;
  /** Withdraws it, or declines it. */
  'invitation.revoke': InvitationSubject;
  /** Gives it another title, or deletes it. */
  'conversation.manage': Pick<Conversation, 'ownerId'>;
  'conversation.send': Pick<Conversation, 'ownerId'>;
  'conversation.leave': Pick<Conversation, 'ownerId'>;
}

export interface TeamSubject {
  id: string;
}

export type InvitationSubject = Pick<TeamInvitation, 'teamId' | 'email' | 'role'> & {
  /** Whether the viewer has shown the secret of its link, which counts as much as a verified address. */
  isByLink: boolean;
};

export type Action = keyof Subjects;
export type ConversationAction = Extract<Action, `conversation.${string}`>;
export type TaskAction = Extract<Action, `task.${string}`>;
export type TeamAction = Extract<Action, `team.${string}`>;

/**
 * Whether a viewer may do something with what they may see. What they may not see never gets here: it is
 * NOT_FOUND before.
 */
export function can<A extends Action>(viewer: Viewer, action: A, subject: Subjects[A]): boolean {
  return rules[action](viewer, subject);
}

const rules: { [A in Action]: (viewer: Viewer, subject: Subjects[A]) => boolean } = {
  'task.edit': (viewer, task) => commands(viewer, task) || worksOn(viewer, task) || task.share === 'EDIT',
  'task.comment': (viewer, task) =>
    can(viewer, 'task.edit', task) || hasRole(viewer, task.teamId, WORKING_ROLES),
  'task.delete': (viewer, task) => commands(viewer, task) || worksOn(viewer, task),
  'task.share': (viewer, task) => commands(viewer, task),
  'task.assign': (viewer, task) => commands(viewer, task) || worksOn(viewer, task),
  'task.move': (viewer, task) => commands(viewer, task),
  'comment.edit': (viewer, comment) => comment.authorId === viewer.userId,
  'comment.delete': (viewer, { authorId, task }) => authorId === viewer.userId || commands(viewer, task),
  'team.createTask': (viewer, team) => hasRole(viewer, team.id, WORKING_ROLES),
  'team.update': (viewer, team) => hasRole(viewer, team.id, LEADING_ROLES),
  'team.invite': (viewer, team) => hasRole(viewer, team.id, LEADING_ROLES),
  'team.transfer': (viewer, team) => hasRole(viewer, team.id, ['OWNER']),
  'team.delete': (viewer, team) => hasRole(viewer, team.id, ['OWNER']),
  'team.leave': (viewer, team) => viewer.teams.has(team.id) && !hasRole(viewer, team.id, ['OWNER']),
  'member.manage': (viewer, member) => grantableRoles(viewer, member.teamId).includes(member.role),
  'invitation.accept': (viewer, { email, isByLink }) => isByLink || email === viewer.verifiedEmail,
  'invitation.revoke': (viewer, invitation) =>
    can(viewer, 'invitation.accept', invitation) || can(viewer, 'member.manage', invitation),
  'conversation.manage': (viewer, conversation) => conversation.ownerId === viewer.userId,
  'conversation.send': () => true,
  'conversation.leave': () => true,
};

const LEADING_ROLES: readonly TeamRole[] = ['OWNER', 'ADMIN'];
const WORKING_ROLES: readonly TeamRole[] = ['OWNER', 'ADMIN', 'MEMBER'];

/** The roles that a viewer may hand out, change and take away in a team. Ownership is only ever transferred. */
export function grantableRoles(viewer: Viewer, teamId: string): readonly TeamRole[] {
  const role = viewer.teams.get(teamId);
  if (role === 'OWNER') return ['ADMIN', 'MEMBER', 'VIEWER'];
  return role === 'ADMIN' ? ['MEMBER', 'VIEWER'] : [];
}

/** The teams whose members and invitations a viewer manages. */
export function teamsLedBy(viewer: Viewer): string[] {
  return [...viewer.teams.keys()].filter((id) => hasRole(viewer, id, LEADING_ROLES));
}

/** Owning the task, which in a team counts for every member whatever their role (BR-05); or leading its team. */
function commands(viewer: Viewer, task: TaskPlacement): boolean {
  if (task.teamId === null) return task.ownerId === viewer.userId;
  if (!viewer.teams.has(task.teamId)) return false;
  return task.ownerId === viewer.userId || hasRole(viewer, task.teamId, LEADING_ROLES);
}

/** Being assigned the task in a team, with a role that works there. */
function worksOn(viewer: Viewer, task: TaskPlacement): boolean {
  return task.assigneeId === viewer.userId && hasRole(viewer, task.teamId, WORKING_ROLES);
}

function hasRole(viewer: Viewer, teamId: string | null, roles: readonly TeamRole[]): boolean {
  const role = teamId === null ? undefined : viewer.teams.get(teamId);
  return role !== undefined && roles.includes(role);
}

/** `visible.task` for one task that was read already, such as the parent of another. */
export function seesTask(viewer: Viewer, task: TaskSubject): boolean {
  return task.share !== null || seesUnshared(viewer, task);
}

/** Whether a viewer sees a task without any share, as its owner or a member of its team. */
function seesUnshared(viewer: Viewer, { ownerId, teamId }: TaskPlacement): boolean {
  return teamId === null ? ownerId === viewer.userId : viewer.teams.has(teamId);
}

/**
 * `visibleSql.event` for one event that was read already, as it comes out of the log.
 * @param holdsShare whether the viewer holds a live share of the event's subject.
 */
export function seesEvent(
  viewer: Viewer,
  conversationIds: ReadonlySet<string>,
  event: EventSubject,
  holdsShare: boolean,
): boolean {
  const { teamId, actorId, personId, conversationId } = event;
  const traits = traitsOf(event.kind);
  return (
    (teamId !== null && viewer.teams.has(teamId)) ||
    (teamId === null && (actorId === viewer.userId || personId === viewer.userId)) ||
    (personId === viewer.userId && traits.isPersonal === true) ||
    (holdsShare && showsByShare(event)) ||
    (conversationId !== null && conversationIds.has(conversationId)) ||
    (viewer.isAdmin && traits.isAudited === true)
  );
}

/**
 * Whether a share of its subject shows an event. A receiver of a task is not told who else was refused access to it.
 */
export function showsByShare({ kind, subjectId }: EventSubject): boolean {
  return subjectId !== null && kind !== 'access.refused';
}

/** Shares addressed to a viewer that have not expired. */
export function liveShareOf(viewer: Person): Prisma.TaskShareWhereInput {
  return { sharedWithId: viewer.userId, ...unexpired() };
}

/** Shares that have not expired. */
export function unexpired(): { OR: [{ expiresAt: null }, { expiresAt: { gt: Date } }] } {
  return { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
}

/** Invitations to a viewer's verified address, also those that have expired; none without one. */
export function invitedTo({ verifiedEmail }: Viewer): Prisma.TeamInvitationWhereInput {
  return verifiedEmail === null ? { id: { in: [] } } : { email: verifiedEmail };
}

/** The tasks that a viewer may share: `task.share` as a filter. */
export function sharableBy(viewer: Person): Prisma.TaskWhereInput {
  const { userId } = viewer;
  return {
    OR: [
      { ownerId: userId, team: teamOf(viewer) },
      { ownerId: userId, teamId: null },
      { team: { memberships: { some: { userId, role: { in: [...LEADING_ROLES] } } } } },
    ],
  };
}

/** Open share offers to a viewer, or to their verified address, that they may answer. */
export function offeredTo(viewer: Viewer): Prisma.ShareOfferWhereInput {
  const { userId, verifiedEmail } = viewer;
  return {
    AND: openTo(viewer),
    OR: [{ userId }, ...(verifiedEmail === null ? [] : [{ email: verifiedEmail }])],
  };
}

/** Share offers that have not expired, and are not by people whom a viewer blocks. */
export function openTo({ userId }: Person): Prisma.ShareOfferWhereInput {
  return { expiresAt: { gt: new Date() }, offeredBy: { blocksReceived: { none: { blockerId: userId } } } };
}

/** Teams that a viewer is a member of. */
function teamOf(viewer: Person): Prisma.TeamWhereInput {
  return { memberships: { some: { userId: viewer.userId } } };
}

/**
 * The other face of the rule: what a viewer sees, as a filter for Prisma. It names relations, never lists of ids, so it
 * is the same statement for everybody. For lists of tasks and for events there is `visibleSql`.
 */
export const visible = {
  task: (viewer: Viewer): Prisma.TaskWhereInput => ({
    OR: [
      { ownerId: viewer.userId, teamId: null },
      { team: teamOf(viewer) },
      { shares: { some: liveShareOf(viewer) } },
    ],
  }),

  /**
   * Oneself, and whoever is named by something that one sees; `visibleSql.user` says it of many at once, and a test holds
   * all that together. The owner of a conversation takes part in it, and so do the authors of its messages, or they have
   * left it. What costs the most to look through comes last.
   */
  user: (viewer: Viewer): Prisma.UserWhereInput => ({
    OR: [
      { id: viewer.userId },
      { memberships: { some: visible.membership(viewer) } },
      { participations: { some: { conversation: visible.conversation(viewer) } } },
      { conversationsLeft: { some: { conversation: visible.conversation(viewer) } } },
      { sharesReceived: { some: visible.share(viewer) } },
      { sharesGiven: { some: visible.share(viewer) } },
      { invitationsSent: { some: visible.invitation(viewer) } },
      { tasks: { some: visible.task(viewer) } },
      { assignedTasks: { some: visible.task(viewer) } },
      { comments: { some: visible.comment(viewer) } },
    ],
  }),

  /** People with an email address that the viewer sees: oneself and one’s teams; all for administrators, for the audit trail. */
  email: (viewer: Viewer): Prisma.UserWhereInput =>
    viewer.isAdmin
      ? {}
      : { OR: [{ id: viewer.userId }, { memberships: { some: visible.membership(viewer) } }] },

  team: teamOf,

  membership: (viewer: Viewer): Prisma.MembershipWhereInput => ({ team: teamOf(viewer) }),

  /** Those to one's verified address, and those of the teams that one leads; none that has expired. */
  invitation: (viewer: Viewer): Prisma.TeamInvitationWhereInput => ({
    expiresAt: { gt: new Date() },
    OR: [
      invitedTo(viewer),
      { team: { memberships: { some: { userId: viewer.userId, role: { in: [...LEADING_ROLES] } } } } },
    ],
  }),

  /**
   * Those to oneself, of one's own tasks, and of the tasks of one's teams; none that has run out. With whom else a
   * task is shared is not for those to know whom it is shared with.
   */
  share: (viewer: Viewer): Prisma.TaskShareWhereInput => ({
    AND: unexpired(),
    OR: [
      { sharedWithId: viewer.userId },
      { task: { ownerId: viewer.userId, teamId: null } },
      { task: { team: teamOf(viewer) } },
    ],
  }),

  /** Those to oneself, and of the tasks that one may share; none that has expired. */
  shareOffer: (viewer: Viewer): Prisma.ShareOfferWhereInput => ({
    expiresAt: { gt: new Date() },
    OR: [offeredTo(viewer), { task: sharableBy(viewer) }],
  }),

  block: (viewer: Person): Prisma.BlockWhereInput => ({ blockerId: viewer.userId }),

  comment: (viewer: Viewer): Prisma.CommentWhereInput => ({ task: visible.task(viewer) }),

  conversation: (viewer: Person): Prisma.ConversationWhereInput => ({
    participants: { some: { userId: viewer.userId } },
  }),

  /** Those to oneself, except by people one blocks. */
  conversationOffer: ({ userId }: Person): Prisma.ConversationOfferWhereInput => ({
    userId,
    offeredBy: { blocksReceived: { none: { blockerId: userId } } },
  }),

  message: (viewer: Person): Prisma.MessageWhereInput => ({ conversation: visible.conversation(viewer) }),

  apiToken: (viewer: Person): Prisma.ApiTokenWhereInput => ({ userId: viewer.userId }),
  session: (viewer: Person): Prisma.SessionWhereInput => ({ userId: viewer.userId }),
};
