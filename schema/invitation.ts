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
        'Accept it by `id`: it was sent to the viewer’s verified address. Accepting by the link’s secret requires no right.',
    }),
    revoke: t.exposeBoolean('revoke', {
      description: 'Withdraw it, or decline an invitation to the viewer.',
    }),
  }),
});

const TeamInvitation = builder.prismaNode('TeamInvitation', {
  description:
    'An invitation to join a team. Until it expires, it is visible to the team’s owner and admins, and to the account with the invited address, once that address is verified.',
  id: { field: 'id', description: 'Starts with `invitation_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.invitation(viewer) }),
  select: { id: true },
  fields: (t) => ({
    team: t.field({
      type: Team,
      nullable: true,
      description: 'Its team. Null if the viewer is not a member.',
      select: (_args, _context, nested) => ({ team: nested(true) }),
      resolve: ({ team }, _args, { viewer }) => (viewer.teams.has(team.id) ? team : null),
    }),
    teamName: t.string({
      description: 'Name of the team. Also visible to the invited person.',
      select: { team: { select: { name: true } } },
      resolve: ({ team }) => team.name,
    }),
    email: t.exposeString('email', { description: 'Invited address, in lower case.' }),
    role: t.expose('role', { type: TeamRole, description: 'Role of the invited person. Never OWNER.' }),
    invitedBy: t.relation('invitedBy', {
      type: User,
      description: 'Person who created or last renewed the invitation.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When it expires: ${INVITED_FOR_DAYS} days after it was created or last renewed.`,
    }),
    viewerCan: t.field({
      type: InvitationRights,
      description: 'What the viewer may do with the invitation.',
      select: { teamId: true, email: true, role: true },
      resolve: (invitation, _args, { viewer }) => ({
        accept: can(viewer, 'invitation.accept', { ...invitation, isByLink: false }),
        revoke: can(viewer, 'invitation.revoke', { ...invitation, isByLink: false }),
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was created or last renewed.',
    }),
  }),
});

builder.prismaObjectField(Team, 'invitations', (t) =>
  pagedRelation(t, 'invitations', {
    type: TeamInvitation,
    description: 'Open invitations, oldest first. Empty for viewers who may not invite.',
    where: (_args, { viewer }) => visible.invitation(viewer),
    order: () => [],
    page: 'A page of invitations.',
    edge: 'An edge in a page of invitations.',
  }),
);

builder.prismaObjectField(User, 'invitations', (t) =>
  t.connection(
    {
      type: TeamInvitation,
      description:
        'Open invitations to this person’s verified address, oldest first. Empty for other viewers.',
      select: { id: true },
      resolve: async ({ id }, args, context, info) => {
        const selection = queryFromInfo({ context, info, paths: NODES });
        const read = async () => new Map([[id, await ownInvitations(args, context, selection)]]);
        const own = id === context.viewer.ownId ? await batched(context, info, id, read) : undefined;
        return own ?? { ...page(args, []).connection<Invitation>([]), totalCount: () => Promise.resolve(0) };
      },
    },
    { description: 'A page of invitations to a person.' },
    { description: 'An edge in a page of invitations.' },
  ),
);

/** The viewer's invitations, read once per response. */
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
  description: 'Public details of an invitation, for the holder of its link.',
  fields: (t) => ({
    teamName: t.exposeString('teamName', { description: 'Name of the team to join.' }),
    invitedByName: t.exposeString('invitedByName', {
      description: 'Name of the person who created or last renewed the invitation.',
    }),
    role: t.expose('role', { type: TeamRole, description: 'Role of the new member. Never OWNER.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the link expires.' }),
  }),
});

builder.queryField('invitation', (t) =>
  t.field({
    type: Preview,
    nullable: true,
    description:
      'The invitation that belongs to a link. Fails with NOT_FOUND if the link was used or replaced, or if the invitation was withdrawn or has expired.',
    args: {
      secret: t.arg.string({ required: true, description: 'The part of the link after `#`.' }),
    },
    resolve: (_root, { secret }, { db }) => previewInvitation(db, secret),
  }),
);

builder.relayMutationField(
  'inviteMember',
  {
    description: 'Properties of the new invitation.',
    inputFields: (t) => ({
      teamId: t.id({ required: true, description: 'The team to invite to.' }),
      email: t.string({
        required: true,
        description:
          'Email address of the person to invite. No account is required. Fails with CONFLICT if a member has this address.',
      }),
      role: t.field({
        type: TeamRole,
        description:
          'One of the team’s `viewerCan.grantRoles`. OWNER fails with VALIDATION_FAILED. Default: MEMBER.',
      }),
    }),
  },
  {
    description: `Invites a person by email address for ${INVITED_FOR_DAYS} days. Send them the returned link. It works once, for any account. Inviting the address again renews the invitation with the new role and a new link, and invalidates the old link.`,
    resolve: (_root, { input }, { db, authServices, person }) =>
      inviteMember(db, person, input, authServices.invitationLimits),
  },
  {
    description: 'The created or renewed invitation.',
    outputFields: (t: PayloadFields<NewInvitation>) => ({
      link: t.string({
        description: 'Link to accept the invitation. The secret follows `#`. Only this response contains it.',
        resolve: ({ secret }, _args, { authServices }) => `${authServices.origins.own}/join#${secret}`,
      }),
      invitation: t.prismaField({
        type: TeamInvitation,
        description: 'The created or renewed invitation.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.invitation(viewer) };
          const made = await db.teamInvitation.findFirst({ ...query, relationLoadStrategy: 'join', where });
          if (!made) throw new NotFound('invitation');
          return made;
        },
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'acceptInvitation',
  {
    description: 'An invitation, by `secret` or by `id`.',
    inputFields: (t) => ({
      secret: t.string({
        description: 'The part of the link after `#`. A link works once, for any account.',
      }),
      id: t.id({
        description:
          'Invitation to the viewer’s verified address, from `User.invitations`. Instead of `secret`.',
      }),
    }),
  },
  {
    description:
      'Makes the viewer a member of the team. By `secret`, it fails with NOT_FOUND if the link is no longer valid. By `id`, it is idempotent, and fails with FORBIDDEN if the invitation has expired.',
    resolve: (_root, { input }, { db, person }) => acceptInvitation(db, person, input),
  },
  { description: 'The viewer’s membership.', outputFields: membershipPayload },
);

builder.relayMutationField(
  'revokeInvitation',
  {
    description: 'An invitation, by `id` or by `secret`.',
    inputFields: (t) => ({
      id: t.id({ description: 'Invitation id.' }),
      secret: t.string({ description: 'The part of the link after `#`, instead of `id`.' }),
    }),
  },
  {
    description: 'Withdraws an invitation, or declines it if it was sent to the viewer. Idempotent by `id`.',
    resolve: (_root, { input }, { db, person }) => revokeInvitation(db, person, input),
  },
  {
    description: 'The result of revoking an invitation.',
    outputFields: (t) => ({
      revokedInvitationId: t.id({
        description: 'Id of the invitation, which no longer exists.',
        resolve: ({ id }) => publicId('TeamInvitation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
