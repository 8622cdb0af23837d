import { queryFromInfo } from '@pothos/plugin-prisma';
import type { TeamInvitation as Invitation } from '../prisma/generated/client/client.ts';
import {
  acceptInvitation,
  INVITED_FOR_DAYS,
  inviteMember,
  revokeInvitation,
  type InvitationChange,
} from '../server/domain/invitation.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { can, visible } from '../server/policy.ts';
import { batched } from './batched.ts';
import { builder, type PayloadFields } from './builder.ts';
import type { Context } from './context.ts';
import { page, type PageArguments } from './connection.ts';
import { membershipPayload } from './membership.ts';
import { pagedRelation } from './paged-relation.ts';
import { NODES } from './selection.ts';
import { Team, TeamRole } from './team.ts';
import { User } from './user.ts';

interface Rights {
  accept: boolean;
  revoke: boolean;
}

const InvitationRights = builder.objectRef<Rights>('TeamInvitationRights').implement({
  description: 'What the viewer may do with an invitation.',
  fields: (t) => ({
    accept: t.exposeBoolean('accept', { description: 'Join the team by it: it is to their address.' }),
    revoke: t.exposeBoolean('revoke', { description: 'Take it back, or decline their own.' }),
  }),
});

const TeamInvitation = builder.prismaNode('TeamInvitation', {
  description:
    'An offer to join a team. Who leads the team sees it, and whoever signs in with its address, until it runs out.',
  id: { field: 'id', description: 'Starts with `invitation_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.invitation(viewer) }),
  select: { id: true },
  fields: (t) => ({
    team: t.field({
      type: Team,
      nullable: true,
      description: 'Which team; null for who is not in it, which the invited person is not yet.',
      select: (_args, _context, nested) => ({ team: nested(true) }),
      resolve: ({ team }, _args, { viewer }) => (viewer.teams.has(team.id) ? team : null),
    }),
    teamName: t.string({
      description: 'What the team is called, also for the invited person.',
      select: { team: { select: { name: true } } },
      resolve: ({ team }) => team.name,
    }),
    email: t.exposeString('email', { description: 'The address that it is to, in lower case.' }),
    role: t.expose('role', { type: TeamRole, description: 'What the invited person becomes; never OWNER.' }),
    invitedBy: t.relation('invitedBy', { type: User, description: 'Who made it, or renewed it last.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When it runs out: ${INVITED_FOR_DAYS} days after it was made or renewed.`,
    }),
    viewerCan: t.field({
      type: InvitationRights,
      description: 'What the viewer may do with it.',
      select: { teamId: true, email: true, role: true },
      resolve: (invitation, _args, { viewer }) => ({
        accept: can(viewer, 'invitation.accept', invitation),
        revoke: can(viewer, 'invitation.revoke', invitation),
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was made or last renewed.' }),
  }),
});

builder.prismaObjectField(Team, 'invitations', (t) =>
  pagedRelation(t, 'invitations', {
    type: TeamInvitation,
    description:
      'Who is invited and has not answered, the first invited first. Empty for who does not lead the team.',
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
        'The teams that have invited this person, the first first. Everybody sees their own only: it is empty for anybody else.',
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

/** The viewer’s own, for as many places of the answer as they come up at. */
async function ownInvitations(args: PageArguments, { db, viewer }: Context, selection: object) {
  const own = { AND: [{ email: viewer.email }, visible.invitation(viewer)] };
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

builder.relayMutationField(
  'inviteMember',
  {
    description: 'Whom to invite to which team, and as what.',
    inputFields: (t) => ({
      teamId: t.id({ required: true, description: 'Which team.' }),
      email: t.string({
        required: true,
        description: 'The address they sign in with, or will sign up with; CONFLICT where a member does.',
      }),
      role: t.field({
        type: TeamRole,
        description:
          'One of the team’s `viewerCan.grantRoles`; OWNER is VALIDATION_FAILED. MEMBER when left out.',
      }),
    }),
  },
  {
    description: `Invites whoever signs in with an address, for ${INVITED_FOR_DAYS} days. Inviting them again renews the invitation, with the role given now.`,
    resolve: (_root, { input }, { db, gate, person }) =>
      inviteMember(db, person, input, gate.invitationLimits),
  },
  {
    description: 'The made or renewed invitation.',
    outputFields: (t: PayloadFields<InvitationChange>) => ({
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
    description: 'Which invitation.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which invitation; see `User.invitations`.' }),
    }),
  },
  {
    description:
      'Makes the viewer a member of the team that invited them. Accepting it again is harmless; FORBIDDEN where it has run out.',
    resolve: (_root, { input }, { db, person }) => acceptInvitation(db, person, input),
  },
  { description: 'The viewer’s membership.', outputFields: membershipPayload },
);

builder.relayMutationField(
  'revokeInvitation',
  {
    description: 'Which invitation ends.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which invitation.' }) }),
  },
  {
    description:
      'Takes an invitation back; the invited person declines it in the same way. Doing it again is harmless.',
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
