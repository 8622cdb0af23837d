import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { publicId, type IdType } from '../ids.ts';
import type { InvitationLimits } from '../limits/invitation-limits.ts';
import type { Person } from '../policy.ts';
import { deleteComment } from './comment.ts';
import { addParticipants } from './conversation-joining.ts';
import { deleteConversation, leaveConversation } from './conversation.ts';
import { inviteMember } from './invitation.ts';
import { changeRole, leaveTeam, removeMember, transferOwnership } from './membership.ts';
import { shareTask, updateShare } from './share.ts';
import { deleteTeam } from './team.ts';
import { deleteTask, deleteTasks, purgeTask, purgeTasks } from './trash.ts';
import { idOf } from './validation.ts';
import { deleteCustomDashboard } from './custom-dashboard.ts';
import { deleteView } from './view.ts';

export interface VerbServices {
  invitationLimits: InvitationLimits;
}

/** What a verb returns. Ids are those of the database. */
export interface Outcome {
  id?: string;
  ids?: string[];
  teamId?: string;
  shareId?: string | null;
  offerId?: string | null;
  secret?: string | null;
  cursor: string;
}

export type Input = Readonly<Record<string, unknown>>;

interface Verb {
  /** The domain function of the mutation, which checks the person's rights. */
  run: (db: Database, person: Person, input: Input, services: VerbServices) => Promise<Outcome>;
  /** Ids of the tasks concerned. Invalid ids are left out, since `run` refuses them. */
  tasks?: (input: Input, tx: Transaction) => string[] | Promise<string[]>;
  /** Whether the tasks concerned are in the trash. */
  isOfTrash?: true;
  /** The ids in the result, with public ids. */
  outcome: (outcome: Outcome) => Record<string, unknown>;
  /** Whether a person can let an agent do it without an approval. */
  isDeletionOfTasks?: true;
  /** Path of the link with `secret`. */
  linkPath?: string;
}

const task = idOf('Task');
const share = idOf('TaskShare');
const comment = idOf('Comment');

function valid(id: ReturnType<typeof idOf>, ...given: unknown[]): string[] {
  return given.flatMap((one) => id.safeParse(one).data ?? []);
}

const named = (name: string, type: IdType) => (outcome: Outcome) => ({
  [name]: publicId(type, outcome.id ?? outcome.teamId ?? ''),
});

/** The mutations that an agent cannot make without its person. */
export const VERBS = {
  deleteTask: {
    run: deleteTask,
    tasks: ({ id }) => valid(task, id),
    outcome: named('deletedTaskId', 'Task'),
    isDeletionOfTasks: true,
  },
  deleteTasks: {
    run: deleteTasks,
    tasks: ({ tasks }) => valid(task, ...(tasks as { id: string }[]).map(({ id }) => id)),
    outcome: ({ ids = [] }) => ({ deletedTaskIds: ids.map((id) => publicId('Task', id)) }),
    isDeletionOfTasks: true,
  },
  purgeTask: {
    run: purgeTask,
    tasks: ({ id }) => valid(task, id),
    isOfTrash: true,
    outcome: named('purgedTaskId', 'Task'),
  },
  purgeTasks: {
    run: purgeTasks,
    tasks: ({ tasks }) => valid(task, ...(tasks as { id: string }[]).map(({ id }) => id)),
    isOfTrash: true,
    outcome: ({ ids = [] }) => ({ purgedTaskIds: ids.map((id) => publicId('Task', id)) }),
  },
  shareTask: {
    run: shareTask,
    tasks: ({ taskId }) => valid(task, taskId),
    outcome: ({ shareId, offerId }) => ({
      shareId: shareId == null ? null : publicId('TaskShare', shareId),
      offerId: offerId == null ? null : publicId('ShareOffer', offerId),
    }),
    linkPath: 'offer',
  },
  updateShare: {
    run: updateShare,
    tasks: async ({ id }, tx) => {
      const found = await tx.taskShare.findMany({
        where: { id: { in: valid(share, id) } },
        select: { taskId: true },
      });
      return found.map(({ taskId }) => taskId);
    },
    outcome: named('shareId', 'TaskShare'),
  },
  deleteComment: {
    run: deleteComment,
    tasks: async ({ id }, tx) => {
      const found = await tx.comment.findMany({
        where: { id: { in: valid(comment, id) } },
        select: { taskId: true },
      });
      return found.map(({ taskId }) => taskId);
    },
    outcome: named('deletedCommentId', 'Comment'),
  },
  inviteMember: {
    run: (db, person, input, { invitationLimits }) => inviteMember(db, person, input, invitationLimits),
    outcome: named('invitationId', 'TeamInvitation'),
    linkPath: 'join',
  },
  changeRole: { run: changeRole, outcome: named('membershipId', 'Membership') },
  removeMember: { run: removeMember, outcome: named('removedMembershipId', 'Membership') },
  leaveTeam: { run: leaveTeam, outcome: named('removedMembershipId', 'Membership') },
  transferOwnership: { run: transferOwnership, outcome: named('teamId', 'Team') },
  deleteTeam: { run: deleteTeam, outcome: named('deletedTeamId', 'Team') },
  deleteView: { run: deleteView, outcome: named('deletedViewId', 'View') },
  deleteCustomDashboard: {
    run: deleteCustomDashboard,
    outcome: named('deletedCustomDashboardId', 'CustomDashboard'),
  },
  addParticipants: { run: addParticipants, outcome: named('conversationId', 'Conversation') },
  deleteConversation: { run: deleteConversation, outcome: named('deletedConversationId', 'Conversation') },
  leaveConversation: { run: leaveConversation, outcome: named('leftConversationId', 'Conversation') },
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof VERBS;

export function verbNamed(name: string): Verb | null {
  return Object.hasOwn(VERBS, name) ? VERBS[name as VerbName] : null;
}

/** Public ids of what a verb made or removed, and the log cursor. */
export function outcomeOf(verb: string, outcome: Outcome): Record<string, unknown> {
  return { ...verbNamed(verb)?.outcome(outcome), cursor: outcome.cursor };
}
