import { queryFromInfo } from '@pothos/plugin-prisma';
import type { TeamInvitation as Invitation } from '../prisma/generated/client/client.ts';
import {
  acceptInvitation,
  INVITED_FOR_DAYS,
  inviteMember,
  previewInvitation,
  revokeInvitation,
  type InvitationPreview,
  type NewInvitation,
} from '../server/domain/invitation.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { can, invitedTo, visible } from '../server/policy.ts';
import { batched } from './machinery/loaders.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { page, type PageArguments } from './machinery/connection.ts';
import { membershipPayload } from './membership.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { NODES } from './machinery/selection.ts';
import { Team, TeamRole } from './team.ts';
import { User } from './user.ts';

interface Rights {
  accept: boolean;
  revoke: boolean;
}

const InvitationRights = builder.objectRef<Rights>('TeamInvitationRights').implement({
  description: 'What the viewer may do with an invitation.',
  fields: (t) => ({
    accept: t.exposeBoolean('accept', {
      description:
        'Accept it by `id`: it is to their verified address. The secret of its link needs no right.',
    }),
    revoke: t.exposeBoolean('revoke', { description: 'Withdraw it, or decline their own.' }),
  }),
});

const TeamInvitation = builder.prismaNode('TeamInvitation', {
  description:
    'An offer to join a team. Until it expires, those who lead the team see it, and the account with its address if that is verified.',
  id: { field: 'id', description: 'Starts with `invitation_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.invitation(viewer) }),
  select: { id: true },
  fields: (t) => ({
    team: t.field({
      type: Team,
      nullable: true,
      description: 'Its team; null when the viewer is not a member.',
      select: (_args, _context, nested) => ({ team: nested(true) }),
      resolve: ({ team }, _args, { viewer }) => (viewer.teams.has(team.id) ? team : null),
    }),
    teamName: t.string({
      description: 'The name of its team, also for the invited person.',
      select: { team: { select: { name: true } } },
      resolve: ({ team }) => team.name,
    }),
    email: t.exposeString('email', { description: 'The invited address, in lower case.' }),
    role: t.expose('role', { type: TeamRole, description: 'What the invited person becomes; never OWNER.' }),
    invitedBy: t.relation('invitedBy', { type: User, description: 'Who made it, or renewed it last.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When it expires: ${INVITED_FOR_DAYS} days after it was made or last renewed.`,
    }),
    viewerCan: t.field({
      type: InvitationRights,
      description: 'What the viewer may do with it.',
      select: { teamId: true, email: true, role: true },
      resolve: (invitation, _args, { viewer }) => ({
        accept: can(viewer, 'invitation.accept', { ...invitation, isByLink: false }),
        revoke: can(viewer, 'invitation.revoke', { ...invitation, isByLink: false }),
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was made or last renewed.' }),
  }),
});

builder.prismaObjectField(Team, 'invitations', (t) =>
  pagedRelation(t, 'invitations', {
    type: TeamInvitation,
    description: 'Open invitations, oldest first. Empty for viewers who do not lead the team.',
    where: (_args, { viewer }) => visible.invitation(viewer),
    order: () => [],
    page: 'A page of invitations.',
    edge: 'An invitation at its place of the list.',
  }),
);

builder.prismaObjectField(User, 'invitations', (t) =>
  t.connection(
    {
      type: TeamInvitation,
      description:
        'Open invitations to this person’s address, oldest first. Empty for other viewers, and while the address is not verified.',
      select: { id: true },
      resolve: async ({ id }, args, context, info) => {
        const selection = queryFromInfo({ context, info, paths: NODES });
        const read = async () => new Map([[id, await ownInvitations(args, context, selection)]]);
        const own = id === context.viewer.userId ? await batched(context, info, id, read) : undefined;
        return own ?? { ...page(args, []).connection<Invitation>([]), totalCount: () => Promise.resolve(0) };
      },
    },
    { description: 'A page of a person’s invitations.' },
    { description: 'An invitation at its place of the list.' },
  ),
);

/** The viewer’s own, read once for all places of the answer. */
async function ownInvitations(args: PageArguments, { db, viewer }: Context, selection: object) {
  const own = { AND: [invitedTo(viewer), visible.invitation(viewer)] };
  const invitations = page(args, []);
  const rows = await db.teamInvitation.findMany({
    ...invitations.withCursor(selection),
    relationLoadStrategy: 'join',
    where: { AND: [own, invitations.where] },
    orderBy: invitations.orderBy,
    take: invitations.take,
  });
  let count: Promise<number> | undefined;
  return {
    ...invitations.connection(rows),
    totalCount: () => (count ??= db.teamInvitation.count({ where: own })),
  };
}

const Preview = builder.objectRef<InvitationPreview>('InvitationPreview').implement({
  description: 'What an invitation’s link shows to its holder.',
  fields: (t) => ({
    teamName: t.exposeString('teamName', { description: 'The name of the team that the person joins.' }),
    invitedByName: t.exposeString('invitedByName', {
      description: 'The name of the person who made the invitation, or renewed it last.',
    }),
    role: t.expose('role', { type: TeamRole, description: 'The role of the new member; never OWNER.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the link expires.' }),
  }),
});

builder.queryField('invitation', (t) =>
  t.field({
    type: Preview,
    nullable: true,
    description:
      'The invitation that a link is for. NOT_FOUND when the link was used or replaced, was withdrawn or has expired.',
    args: {
      secret: t.arg.string({ required: true, description: 'The part of the link after `#`.' }),
    },
    resolve: (_root, { secret }, { db }) => previewInvitation(db, secret),
  }),
);

builder.relayMutationField(
  'inviteMember',
  {
    description: 'An invitation to a team.',
    inputFields: (t) => ({
      teamId: t.id({ required: true, description: 'Which team.' }),
      email: t.string({
        required: true,
        description:
          'The address of the person to invite, with or without an account. CONFLICT when a member has it.',
      }),
      role: t.field({
        type: TeamRole,
        description:
          'One of the team’s `viewerCan.grantRoles`; OWNER is VALIDATION_FAILED. MEMBER when left out.',
      }),
    }),
  },
  {
    description: `Invites a person by address, for ${INVITED_FOR_DAYS} days. Send them the link of the answer: it works once, for any account. Inviting them again renews the invitation with a new link and the role given now; the old link ends.`,
    resolve: (_root, { input }, { db, authServices, person }) =>
      inviteMember(db, person, input, authServices.invitationLimits),
  },
  {
    description: 'The made or renewed invitation.',
    outputFields: (t: PayloadFields<NewInvitation>) => ({
      link: t.string({
        description:
          'The address at which the invitation is accepted; its secret follows `#`. Only this answer has it.',
        resolve: ({ secret }, _args, { authServices }) => `${authServices.origins.own}/join#${secret}`,
      }),
      invitation: t.prismaField({
        type: TeamInvitation,
        description: 'The invitation as it is now.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.invitation(viewer) };
          const made = await db.teamInvitation.findUnique({ ...query, relationLoadStrategy: 'join', where });
          if (!made) throw new NotFound('invitation');
          return made;
        },
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'acceptInvitation',
  {
    description: 'An invitation, by its link or by its id.',
    inputFields: (t) => ({
      secret: t.string({
        description: 'The part of the link after `#`. The link works once, for any account.',
      }),
      id: t.id({
        description:
          'In place of `secret`, for an invitation to the viewer’s verified address; see `User.invitations`.',
      }),
    }),
  },
  {
    description:
      'Makes the viewer a member of the team. By `secret`, NOT_FOUND when the link no longer works. By `id`, accepting again is harmless, and an expired invitation is FORBIDDEN.',
    resolve: (_root, { input }, { db, person }) => acceptInvitation(db, person, input),
  },
  { description: 'The viewer’s membership.', outputFields: membershipPayload },
);

builder.relayMutationField(
  'revokeInvitation',
  {
    description: 'An invitation, by its id or by its link.',
    inputFields: (t) => ({
      id: t.id({ description: 'Which invitation.' }),
      secret: t.string({ description: 'In place of `id`, the part of the link after `#`.' }),
    }),
  },
  {
    description:
      'Withdraws an invitation; its receiver declines it in the same way. By `id`, doing it again is harmless.',
    resolve: (_root, { input }, { db, person }) => revokeInvitation(db, person, input),
  },
  {
    description: 'What is left of a revoked invitation.',
    outputFields: (t) => ({
      revokedInvitationId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('TeamInvitation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
