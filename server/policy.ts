import type {
  AssistantReply,
  Comment,
  CustomDashboard,
  Conversation,
  Event,
  Membership,
  Prisma,
  SharePermission,
  Task,
  TeamInvitation,
  TeamRole,
  View,
  Webhook,
} from '../prisma/generated/client/client.ts';
import { Forbidden } from './errors.ts';
import { traitsOf } from './log/catalogue.ts';

/** A person as the author of a change. */
export interface Actor {
  userId: string;
}

/** The teams that a credential is limited to. It gives access to those that the person is in, and to nothing personal. */
export interface TeamLimit {
  /** Of the credential. */
  id: string;
  /** Only ever gets smaller. */
  teamIds: Set<string>;
}

/** The acting person, always from a credential, never from an argument. */
export interface Person extends Actor {
  /** Null for all that the person may see and do. */
  limit: TeamLimit | null;
}

/** A person with the credential that they use. */
export interface Holder extends Person {
  sessionId: string | null;
  tokenId: string | null;
}

/** Returns the session's id. @throws Forbidden for a token. @param refusal what tokens cannot do, as a sentence. */
export function requireSession({ sessionId, tokenId }: Holder, refusal: string): string {
  if (sessionId !== null) return sessionId;
  throw new Forbidden(`${refusal} Sign in to do this.`, tokenId ?? undefined);
}

/** Shares are not included, since their number is unlimited; see `server/sql/shares.ts`. */
export interface Viewer {
  person: Person;
  /** The person in their teams: author, owner, assignee and member. */
  actorId: string;
  /** For what is the person's own, or shared with them alone. No account has this id if the credential has a limit. */
  ownId: string;
  /** Null until verified: anyone can register an address. Null with a limit. */
  verifiedEmail: string | null;
  /** Without those beyond the limit. */
  teams: ReadonlyMap<string, TeamRole>;
  /** Can read everyone's audit trail. Allows no changes. False with a limit. */
  isAdmin: boolean;
}

type Reader = Person | Viewer;

/** `Viewer.ownId`. The id of a credential is never that of an account. */
export function ownIdOf(reader: Reader): string {
  if ('ownId' in reader) return reader.ownId;
  return reader.limit === null ? reader.userId : reader.limit.id;
}

function personIn(reader: Reader): Person {
  return 'person' in reader ? reader.person : reader;
}

export type EventSubject = Pick<
  Event,
  'kind' | 'teamId' | 'actorId' | 'personId' | 'subjectId' | 'conversationId'
>;

export const placement = { id: true, ownerId: true, assigneeId: true, teamId: true } as const;

export type TaskPlacement = Pick<Task, keyof typeof placement>;

export type TaskSubject = TaskPlacement & {
  /** Permission of the viewer's active share; null without one. */
  share: SharePermission | null;
};

/** Every action, with the required fields of its subject. */
interface Subjects {
  'task.edit': TaskSubject;
  'task.comment': TaskSubject;
  'task.delete': TaskSubject;
  'task.share': TaskPlacement;
  /** In a team the assignee may delete the task, so an EDIT share does not allow this. */
  'task.assign': TaskPlacement;
  'task.move': TaskPlacement;
  'comment.edit': Pick<Comment, 'authorId'>;
  'comment.delete': Pick<Comment, 'authorId'> & { task: TaskPlacement };
  'team.createTask': TeamSubject;
  'team.update': TeamSubject;
  'team.invite': TeamSubject;
  'team.transfer': TeamSubject;
  'team.delete': TeamSubject;
  'team.leave': TeamSubject;
  'team.manageViews': TeamSubject;
  'team.manageWebhooks': TeamSubject;
  'member.manage': Pick<Membership, 'teamId' | 'role'>;
  'invitation.accept': InvitationSubject;
  'invitation.revoke': InvitationSubject;
  'conversation.manage': Pick<Conversation, 'ownerId'>;
  'conversation.addPeople': Pick<Conversation, 'ownerId' | 'assistantOfId'>;
  'conversation.send': Pick<Conversation, 'ownerId'>;
  'reply.manage': Pick<AssistantReply, 'userId'>;
  'conversation.leave': Pick<Conversation, 'ownerId'>;
  'view.edit': Pick<View, 'ownerId' | 'teamId'>;
  'dashboard.edit': Pick<CustomDashboard, 'ownerId' | 'teamId'>;
  'webhook.manage': Pick<Webhook, 'userId' | 'teamId'>;
}

export interface TeamSubject {
  id: string;
}

export type InvitationSubject = Pick<TeamInvitation, 'teamId' | 'email' | 'role'> & {
  /** Whether the viewer has the link's secret, which counts like a verified address. */
  isByLink: boolean;
};

export type Action = keyof Subjects;
export type ConversationAction = Extract<Action, `conversation.${string}`>;
export type TaskAction = Extract<Action, `task.${string}`>;
export type TeamAction = Extract<Action, `team.${string}`>;

/** Whether a viewer may take an action on a visible subject. Invisible subjects are NOT_FOUND before. */
export function can<A extends Action>(viewer: Viewer, action: A, subject: Subjects[A]): boolean {
  return rules[action](viewer, subject);
}

const rules: { [A in Action]: (viewer: Viewer, subject: Subjects[A]) => boolean } = {
  'task.edit': (viewer, task) => commands(viewer, task) || worksOn(viewer, task) || task.share === 'EDIT',
  'task.comment': (viewer, task) =>
    can(viewer, 'task.edit', task) || hasRole(viewer, task.teamId, WORKING_ROLES),
  'task.delete': (viewer, task) => commands(viewer, task) || worksOn(viewer, task),
  'task.share': (viewer, task) => isWhole(viewer) && commands(viewer, task),
  'task.assign': (viewer, task) => commands(viewer, task) || worksOn(viewer, task),
  'task.move': (viewer, task) => commands(viewer, task),
  'comment.edit': (viewer, comment) => comment.authorId === viewer.actorId,
  'comment.delete': (viewer, { authorId, task }) => authorId === viewer.actorId || commands(viewer, task),
  'team.createTask': (viewer, team) => hasRole(viewer, team.id, WORKING_ROLES),
  'team.update': (viewer, team) => hasRole(viewer, team.id, LEADING_ROLES),
  'team.invite': (viewer, team) => hasRole(viewer, team.id, LEADING_ROLES),
  'team.transfer': (viewer, team) => isWhole(viewer) && hasRole(viewer, team.id, ['OWNER']),
  'team.delete': (viewer, team) => isWhole(viewer) && hasRole(viewer, team.id, ['OWNER']),
  'team.leave': (viewer, team) =>
    isWhole(viewer) && viewer.teams.has(team.id) && !hasRole(viewer, team.id, ['OWNER']),
  'team.manageViews': (viewer, team) => hasRole(viewer, team.id, WORKING_ROLES),
  'team.manageWebhooks': (viewer, team) => isWhole(viewer) && hasRole(viewer, team.id, LEADING_ROLES),
  'member.manage': (viewer, member) => grantableRoles(viewer, member.teamId).includes(member.role),
  'invitation.accept': (viewer, { email, isByLink }) =>
    isWhole(viewer) && (isByLink || email === viewer.verifiedEmail),
  'invitation.revoke': (viewer, invitation) =>
    can(viewer, 'invitation.accept', invitation) || can(viewer, 'member.manage', invitation),
  'conversation.manage': (viewer, conversation) => conversation.ownerId === viewer.ownId,
  // The assistant tells its person what others may not see.
  'conversation.addPeople': (viewer, { ownerId, assistantOfId }) =>
    ownerId === viewer.ownId && assistantOfId === null,
  'conversation.send': isWhole,
  'conversation.leave': isWhole,
  'reply.manage': (viewer, { userId }) => userId === viewer.ownId,
  'view.edit': (viewer, { ownerId, teamId }) =>
    teamId === null ? ownerId === viewer.ownId : can(viewer, 'team.manageViews', { id: teamId }),
  'dashboard.edit': (viewer, dashboard) => can(viewer, 'view.edit', dashboard),
  'webhook.manage': (viewer, { userId, teamId }) =>
    teamId === null ? userId === viewer.ownId : can(viewer, 'team.manageWebhooks', { id: teamId }),
};

/** Whether the credential has no limit. */
function isWhole({ person }: Viewer): boolean {
  return person.limit === null;
}

const LEADING_ROLES: readonly TeamRole[] = ['OWNER', 'ADMIN'];
const WORKING_ROLES: readonly TeamRole[] = ['OWNER', 'ADMIN', 'MEMBER'];

/** The roles a viewer may assign, change and remove. OWNER is only ever transferred. */
export function grantableRoles(viewer: Viewer, teamId: string): readonly TeamRole[] {
  const role = viewer.teams.get(teamId);
  if (role === 'OWNER') return ['ADMIN', 'MEMBER', 'VIEWER'];
  return role === 'ADMIN' ? ['MEMBER', 'VIEWER'] : [];
}

export function teamsLedBy(viewer: Viewer): string[] {
  return [...viewer.teams.keys()].filter((id) => hasRole(viewer, id, LEADING_ROLES));
}

/** The task's owner, in a team regardless of their role (BR-05), or an owner or admin of its team. */
function commands(viewer: Viewer, task: TaskPlacement): boolean {
  if (task.teamId === null) return task.ownerId === viewer.ownId;
  if (!viewer.teams.has(task.teamId)) return false;
  return task.ownerId === viewer.actorId || hasRole(viewer, task.teamId, LEADING_ROLES);
}

function worksOn(viewer: Viewer, task: TaskPlacement): boolean {
  return task.assigneeId === viewer.actorId && hasRole(viewer, task.teamId, WORKING_ROLES);
}

function hasRole(viewer: Viewer, teamId: string | null, roles: readonly TeamRole[]): boolean {
  const role = teamId === null ? undefined : viewer.teams.get(teamId);
  return role !== undefined && roles.includes(role);
}

/** `visible.task` for a task that was already read. */
export function seesTask(viewer: Viewer, task: TaskSubject): boolean {
  return task.share !== null || seesUnshared(viewer, task);
}

function seesUnshared(viewer: Viewer, { ownerId, teamId }: TaskPlacement): boolean {
  return teamId === null ? ownerId === viewer.ownId : viewer.teams.has(teamId);
}

/** `visibleSql.event` for an event from the log. `holdsShare` refers to its subject. */
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
    (teamId === null && (actorId === viewer.ownId || personId === viewer.ownId)) ||
    (personId === viewer.ownId && traits.isPersonal === true) ||
    (holdsShare && showsByShare(event)) ||
    (conversationId !== null && conversationIds.has(conversationId)) ||
    (viewer.isAdmin && traits.isAudited === true)
  );
}

/** Whether a share of the subject makes an event visible. Receivers do not see other people's refused access. */
export function showsByShare({ kind, subjectId }: EventSubject): boolean {
  return subjectId !== null && kind !== 'access.refused';
}

/** Events of the person's own changes, for repeated requests. With a limit, only those in its teams. */
export function ownChanges({ userId, limit }: Person): Prisma.EventWhereInput {
  return { actorId: userId, ...(limit && { teamId: { in: [...limit.teamIds] } }) };
}

/** Active shares held by a viewer. */
export function liveShareOf(viewer: Viewer): Prisma.TaskShareWhereInput {
  return { sharedWithId: viewer.ownId, ...unexpired() };
}

export function unexpired(): { OR: [{ expiresAt: null }, { expiresAt: { gt: Date } }] } {
  return { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
}

/** Invitations to a viewer's verified address, including expired ones. */
export function invitedTo({ verifiedEmail }: Viewer): Prisma.TeamInvitationWhereInput {
  return verifiedEmail === null ? { id: { in: [] } } : { email: verifiedEmail };
}

/** `task.share` as a filter. */
export function sharableBy(viewer: Viewer): Prisma.TaskWhereInput {
  return {
    OR: [
      { ownerId: viewer.actorId, team: teamOf(viewer) },
      { ownerId: viewer.ownId, teamId: null },
      { team: teamOf(viewer, LEADING_ROLES) },
    ],
  };
}

/** Open share offers that a viewer may answer. */
export function offeredTo(viewer: Viewer): Prisma.ShareOfferWhereInput {
  const { ownId, verifiedEmail } = viewer;
  return {
    AND: openTo(viewer),
    OR: [{ userId: ownId }, ...(verifiedEmail === null ? [] : [{ email: verifiedEmail }])],
  };
}

/** Unexpired share offers, except from blocked people. */
export function openTo(viewer: Viewer): Prisma.ShareOfferWhereInput {
  return {
    expiresAt: { gt: new Date() },
    offeredBy: { blocksReceived: { none: { blockerId: viewer.ownId } } },
  };
}

function teamOf(reader: Reader, roles?: readonly TeamRole[]): Prisma.TeamWhereInput {
  const { userId, limit } = personIn(reader);
  return {
    memberships: {
      some: {
        userId,
        ...(limit && { teamId: { in: [...limit.teamIds] } }),
        ...(roles && { role: { in: [...roles] } }),
      },
    },
  };
}

/**
 * What a viewer sees, as Prisma filters. They use relations, not lists of ids, so the statement is the same for
 * everyone. For lists of tasks and for events, see `visibleSql`.
 */
export const visible = {
  task: (viewer: Viewer): Prisma.TaskWhereInput => ({
    OR: [
      { ownerId: viewer.ownId, teamId: null },
      { team: teamOf(viewer) },
      { shares: { some: liveShareOf(viewer) } },
    ],
  }),

  /** `task.delete` as a filter: who may delete a task may also see, restore and purge it in the trash. */
  trashedTask: (reader: Reader): Prisma.TrashedTaskWhereInput => ({
    expiresAt: { gt: new Date() },
    OR: [
      { ownerId: ownIdOf(reader), teamId: null },
      { ownerId: personIn(reader).userId, team: teamOf(reader) },
      { team: teamOf(reader, LEADING_ROLES) },
      { assigneeId: personIn(reader).userId, team: teamOf(reader, WORKING_ROLES) },
    ],
  }),

  /**
   * The viewer, and people named by something the viewer sees. `visibleSql.user` is the equivalent for many users; a
   * test compares both. The most expensive conditions come last.
   */
  user: (viewer: Viewer): Prisma.UserWhereInput => ({
    OR: [
      { id: viewer.actorId },
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

  /** The viewer's own address, and those of team members; all for administrators. */
  email: (viewer: Viewer): Prisma.UserWhereInput =>
    viewer.isAdmin
      ? {}
      : { OR: [{ id: viewer.ownId }, { memberships: { some: visible.membership(viewer) } }] },

  team: (viewer: Viewer): Prisma.TeamWhereInput => teamOf(viewer),

  membership: (viewer: Viewer): Prisma.MembershipWhereInput => ({ team: teamOf(viewer) }),

  /** To the viewer's verified address, or of teams they lead; not expired. */
  invitation: (viewer: Viewer): Prisma.TeamInvitationWhereInput => ({
    expiresAt: { gt: new Date() },
    OR: [invitedTo(viewer), { team: teamOf(viewer, LEADING_ROLES) }],
  }),

  /** A receiver does not see other receivers. */
  share: (viewer: Viewer): Prisma.TaskShareWhereInput => ({
    AND: unexpired(),
    OR: [
      { sharedWithId: viewer.ownId },
      { task: { ownerId: viewer.ownId, teamId: null } },
      { task: { team: teamOf(viewer) } },
    ],
  }),

  /** To the viewer, or of tasks they may share; not expired. */
  shareOffer: (viewer: Viewer): Prisma.ShareOfferWhereInput => ({
    expiresAt: { gt: new Date() },
    OR: [offeredTo(viewer), { task: sharableBy(viewer) }],
  }),

  block: (reader: Reader): Prisma.BlockWhereInput => ({ blockerId: ownIdOf(reader) }),

  comment: (viewer: Viewer): Prisma.CommentWhereInput => ({ task: visible.task(viewer) }),

  conversation: (reader: Reader): Prisma.ConversationWhereInput => ({
    participants: { some: { userId: ownIdOf(reader) } },
  }),

  /** To the viewer, except from blocked people. */
  conversationOffer: (reader: Reader): Prisma.ConversationOfferWhereInput => ({
    userId: ownIdOf(reader),
    offeredBy: { blocksReceived: { none: { blockerId: ownIdOf(reader) } } },
  }),

  message: (reader: Reader): Prisma.MessageWhereInput => ({ conversation: visible.conversation(reader) }),

  /** The viewer's own, and those of their teams. */
  view: (reader: Reader): Prisma.ViewWhereInput => ({
    OR: [{ ownerId: ownIdOf(reader) }, { team: teamOf(reader) }],
  }),

  customDashboard: (reader: Reader): Prisma.CustomDashboardWhereInput => ({
    OR: [{ ownerId: ownIdOf(reader) }, { team: teamOf(reader) }],
  }),

  /** `webhook.manage` as a filter. */
  webhook: (reader: Reader): Prisma.WebhookWhereInput => ({
    OR: [{ userId: ownIdOf(reader), teamId: null }, { team: teamOf(reader, LEADING_ROLES) }],
  }),
  webhookDelivery: (reader: Reader): Prisma.WebhookDeliveryWhereInput => ({
    webhook: visible.webhook(reader),
  }),

  /** A credential with a limit sees what it asked for itself. */
  approval: (reader: Reader): Prisma.ApprovalWhereInput => {
    const { userId, limit } = personIn(reader);
    return limit ? { userId, OR: [{ apiTokenId: limit.id }, { applicationId: limit.id }] } : { userId };
  },
  agentRun: (reader: Reader): Prisma.AgentRunWhereInput => ({ userId: ownIdOf(reader) }),
  apiToken: (reader: Reader): Prisma.ApiTokenWhereInput => ({ userId: ownIdOf(reader) }),
  session: (reader: Reader): Prisma.SessionWhereInput => ({ userId: ownIdOf(reader) }),

  /** Expired ones are kept until the person connects another. */
  connectedApplication: (reader: Reader): Prisma.ConnectedApplicationWhereInput => ({
    userId: ownIdOf(reader),
    expiresAt: { gt: new Date() },
  }),
};
