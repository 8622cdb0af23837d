import type { Approval as Row, ApprovalStatus as Status } from '../prisma/generated/client/client.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import { approve, refuse, type Approved } from '../server/domain/approval.ts';
import { APPROVAL_MINUTES, MOST_APPROVALS } from '../server/domain/approval-request.ts';
import { outcomeOf, VERBS, type Outcome, type VerbName } from '../server/domain/approval-verbs.ts';
import { MOST_GRANT_DAYS, setDeletionGrant, type Granted } from '../server/domain/deletion-grant.ts';
import type { Change } from '../server/domain/change.ts';
import { NotFound } from '../server/errors.ts';
import type { Context } from '../server/graphql/context.ts';
import { uuidOf } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { ApiToken } from './api-token.ts';
import { Conversation } from './conversation.ts';
import { ConnectedApplication } from './connected-application.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { findVisible } from './machinery/nodes.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Task, tasksOf } from './task.ts';
import { TrashedTask, trashedTasksOf } from './trash.ts';
import { User } from './user.ts';

const ApprovalStatus = builder.enumType('ApprovalStatus', {
  description: 'State of an approval.',
  values: {
    PENDING: { description: 'The person has not decided yet.' },
    APPROVED: { description: 'The person approved it, and the change was made.' },
    REFUSED: { description: 'The person refused it.' },
    EXPIRED: { description: `The person did not decide within ${APPROVAL_MINUTES} minutes.` },
    STALE: { description: 'It can no longer be done: a task concerned, or the person’s rights, changed.' },
  } satisfies Record<Status | 'EXPIRED', object>,
});

const ApprovalVerb = builder.enumType('ApprovalVerb', {
  description: 'A mutation that an agent can only make with an approval.',
  values: Object.fromEntries(
    (Object.keys(VERBS) as VerbName[]).map((verb) => [
      verb.replaceAll(/[A-Z]/g, '_$&').toUpperCase(),
      { value: verb, description: `The mutation \`${verb}\`.` },
    ]),
  ),
});

function statusOf({ status, expiresAt }: Pick<Row, 'status' | 'expiresAt'>): Status | 'EXPIRED' {
  return status === 'PENDING' && expiresAt <= new Date() ? 'EXPIRED' : status;
}

export const Approval = builder.prismaNode('Approval', {
  description:
    'A change that an agent asked for. It is made when the person approves it in a browser, exactly as asked. Deleted a day after it expires, and with the credential of the agent.',
  id: { field: 'id', description: 'Starts with `approval_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.approval(viewer) }),
  select: { id: true },
  fields: (t) => ({
    status: t.field({
      type: ApprovalStatus,
      description: 'Current state.',
      select: { status: true, expiresAt: true },
      resolve: statusOf,
    }),
    verb: t.field({
      type: ApprovalVerb,
      description: 'The mutation.',
      select: { verb: true },
      resolve: ({ verb }) => verb as VerbName,
    }),
    arguments: t.field({
      type: 'JSON',
      description: 'The input of the mutation. It cannot be changed.',
      select: { arguments: true },
      resolve: (approval) => approval.arguments,
    }),
    tasks: t.field({
      type: [Task],
      description:
        'The tasks concerned, at most 100, as they are now. Without those that no longer exist or that the viewer cannot see.',
      select: { taskIds: true },
      resolve: ({ taskIds }, _args, context, info) =>
        taskIds.length === 0
          ? []
          : tasksOf(context.db, context.viewer, taskIds, queryFromInfo({ context, info })),
    }),
    trashedTasks: t.field({
      type: [TrashedTask],
      description:
        'The tasks concerned that are in the trash, at most 100. Without those that the viewer may not restore.',
      select: { taskIds: true },
      resolve: ({ taskIds }, _args, context, info) =>
        taskIds.length === 0
          ? []
          : trashedTasksOf(context.db, context.viewer, taskIds, queryFromInfo({ context, info })),
    }),
    subject: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description:
        'The team, membership or conversation concerned. Null if there is none that the viewer can see.',
      select: { verb: true, arguments: true },
      resolve: (approval, _args, context, info) => subjectOf(approval, context, info),
    }),
    people: t.field({
      type: [User],
      description:
        'The people whom the input names by id, such as the receiver of a share. Without those whom the viewer cannot see.',
      select: { arguments: true },
      resolve: async (approval, _args, context, info) => {
        const { userId, participantIds } = approval.arguments as {
          userId?: string | null;
          participantIds?: string[] | null;
        };
        const ids = [...(userId == null ? [] : [userId]), ...(participantIds ?? [])];
        if (ids.length === 0) return [];
        const found = await findVisible(
          'User',
          ids.map((id) => uuidOf('User', id)),
          context,
          info,
        );
        return [...found.values()] as never;
      },
    }),
    apiToken: t.relation('apiToken', {
      type: ApiToken,
      nullable: true,
      description: 'The API token that the agent used, through MCP.',
    }),
    connectedApplication: t.relation('connectedApplication', {
      type: ConnectedApplication,
      nullable: true,
      description: 'The connected application that asked.',
    }),
    conversation: t.relation('conversation', {
      type: Conversation,
      nullable: true,
      description: 'The conversation in which the assistant asked.',
    }),
    result: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What the change gave, once approved: ids as in the payload of the mutation, such as `deletedTaskId`, and `cursor`. Links of offers and invitations are shown only to the person.',
      select: { verb: true, result: true },
      resolve: ({ verb, result }) => result && outcomeOf(verb, result as unknown as Outcome),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the agent asked.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `Until when the person can decide: ${APPROVAL_MINUTES} minutes after it was asked for.`,
    }),
    decidedAt: t.expose('decidedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the person decided, or it became stale.',
    }),
  }),
});

const SUBJECTS: Partial<Record<string, readonly ['Team' | 'Membership' | 'Conversation', string]>> = {
  inviteMember: ['Team', 'teamId'],
  leaveTeam: ['Team', 'teamId'],
  transferOwnership: ['Team', 'teamId'],
  deleteTeam: ['Team', 'id'],
  changeRole: ['Membership', 'id'],
  removeMember: ['Membership', 'id'],
  deleteConversation: ['Conversation', 'id'],
  leaveConversation: ['Conversation', 'id'],
  addParticipants: ['Conversation', 'id'],
};

async function subjectOf(
  { verb, arguments: given }: Pick<Row, 'verb' | 'arguments'>,
  context: Context,
  info: Parameters<typeof findVisible>[3],
) {
  const [type, field] = SUBJECTS[verb] ?? [];
  if (type === undefined || field === undefined) return null;
  const id = uuidOf(type, String((given as Record<string, unknown>)[field]));
  return ((await findVisible(type, [id], context, info)).get(id) ?? null) as never;
}

builder.prismaObjectField(User, 'approvals', (t) =>
  pagedRelation(t, 'approvals', {
    type: Approval,
    description: `What agents ask the viewer to approve, oldest first; at most ${MOST_APPROVALS}. Only pending approvals. Empty for other people.`,
    where: (_args, { viewer }) => ({
      AND: visible.approval(viewer),
      status: 'PENDING' as const,
      expiresAt: { gt: new Date() },
    }),
    order: () => [],
    page: 'A page of approvals.',
    edge: 'An edge in a page of approvals.',
  }),
);

async function approvalOf({ db, viewer }: Context, id: string, query: object) {
  const where = { id, AND: visible.approval(viewer) };
  const found = await db.approval.findFirst({ ...query, where });
  if (!found) throw new NotFound('approval', id);
  return found;
}

builder.queryField('approval', (t) =>
  t.prismaField({
    type: Approval,
    description:
      'An approval by id, for the agent that waits for it. Fails with NOT_FOUND if it is another person’s, or was deleted.',
    args: { id: t.arg.id({ required: true, description: 'For example `approval_01jd…`.' }) },
    resolve: (query, _root, { id }, context) => approvalOf(context, uuidOf('Approval', id), query),
  }),
);

function decided(t: PayloadFields<Change>) {
  return {
    approval: t.prismaField({
      type: Approval,
      description: 'The approval after the decision.',
      resolve: (query, { id }, _args, context) => approvalOf(context, id, query),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

const browserOnly = 'Requires the person’s session in a browser: with any token it fails with FORBIDDEN.';

builder.relayMutationField(
  'approve',
  {
    description: 'Identifies the approval.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Approval id.' }) }),
  },
  {
    description: `Makes the change that an agent asked for, once. Fails with CONFLICT if it was refused, has expired, or a task concerned or the viewer’s rights have changed. ${browserOnly}`,
    resolve: (_root, { input }, { db, person, authServices: { invitationLimits } }) =>
      approve(db, person, input, { invitationLimits }),
  },
  {
    description: 'The decision, and what came of it.',
    outputFields: (t: PayloadFields<Approved>) => ({
      ...decided(t as unknown as PayloadFields<Change>),
      link: t.string({
        nullable: true,
        description:
          'Link of an offer or invitation to an email address, to send to its receiver. Only this response contains it.',
        resolve: ({ link }, _args, { authServices }) =>
          link && `${authServices.origins.own}/${link.path}#${link.secret}`,
      }),
    }),
  },
);

builder.relayMutationField(
  'refuse',
  {
    description: 'Identifies the approval.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Approval id.' }) }),
  },
  {
    description: `Refuses a change that an agent asked for. Idempotent. ${browserOnly}`,
    resolve: (_root, { input }, { db, person }) => refuse(db, person, input),
  },
  { description: 'The decision.', outputFields: decided },
);

builder.relayMutationField(
  'setDeletionGrant',
  {
    description: 'An API token or a connected application, and until when it can delete.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Id of an API token or a connected application.' }),
      until: t.field({
        type: 'DateTime',
        description: `At most ${MOST_GRANT_DAYS} days ahead. Null: it needs an approval again.`,
      }),
    }),
  },
  {
    description: `Lets an agent delete tasks without an approval for a time. Other changes still need one. ${browserOnly}`,
    resolve: (_root, { input: { id, until = null } }, { db, person }) =>
      setDeletionGrant(db, person, { id, until }),
  },
  {
    description: 'The changed token or application.',
    outputFields: (t: PayloadFields<Granted>) => ({
      holder: t.field({
        type: builder.nodeInterfaceRef(),
        description: 'The API token or the connected application.',
        resolve: async ({ id, type }, _args, context, info) => {
          const found = (await findVisible(type, [id], context, info)).get(id);
          if (!found) throw new NotFound('token or application');
          return found;
        },
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
