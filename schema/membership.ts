import type { Change } from '../server/domain/change.ts';
import { changeRole, leaveTeam, removeMember, transferOwnership } from '../server/domain/membership.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { can, visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Team, teamOf, TeamRole } from './team.ts';
import { User } from './user.ts';

const cursorDescription = 'Log cursor after this change.';

const MembershipRights = builder.objectRef<{ manage: boolean }>('MembershipRights').implement({
  description: 'What the viewer may do with a membership.',
  fields: (t) => ({
    manage: t.exposeBoolean('manage', {
      description:
        'Change the member’s role to one of the team’s `viewerCan.grantRoles`, or remove the member.',
    }),
  }),
});

const Membership = builder.prismaNode('Membership', {
  description: 'Membership of a person in a team.',
  id: { field: 'id', description: 'Starts with `member_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.membership(viewer) }),
  select: { id: true },
  fields: (t) => ({
    team: t.relation('team', { type: Team, description: 'The team the person belongs to.' }),
    user: t.relation('user', { type: User, description: 'The member.' }),
    role: t.expose('role', { type: TeamRole, description: 'Role of the member.' }),
    viewerCan: t.field({
      type: MembershipRights,
      description: 'What the viewer may do with the membership.',
      select: { teamId: true, role: true },
      resolve: (member, _args, { viewer }) => ({ manage: can(viewer, 'member.manage', member) }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the person joined.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the role last changed.' }),
  }),
});

builder.prismaObjectField(Team, 'members', (t) =>
  pagedRelation(t, 'memberships', {
    type: Membership,
    description: 'Members, including the owner, in the order in which they were invited.',
    where: (_args, { viewer }) => visible.membership(viewer),
    order: () => [],
    page: 'A page of members.',
    edge: 'An edge in a page of members.',
  }),
);

/** Payload of a change to a membership, read with the client's selection. */
export function membershipPayload(t: PayloadFields<Change>) {
  return {
    membership: t.prismaField({
      type: Membership,
      description: 'The membership after the change.',
      resolve: async (query, { id }, _args, { db, viewer }) => {
        const where = { id, AND: visible.membership(viewer) };
        const member = await db.membership.findFirst({ ...query, relationLoadStrategy: 'join', where });
        if (!member) throw new NotFound('member');
        return member;
      },
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

builder.relayMutationField(
  'changeRole',
  {
    description: 'A membership and its new role.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Membership id.' }),
      role: t.field({
        type: TeamRole,
        required: true,
        description: 'One of the team’s `viewerCan.grantRoles`. OWNER fails with VALIDATION_FAILED.',
      }),
    }),
  },
  {
    description:
      'Changes the role of a member. Admins can change the roles of members and viewers. The owner’s role changes only through `transferOwnership`.',
    resolve: (_root, { input }, { db, person }) => changeRole(db, person, input),
  },
  { description: 'The changed membership.', outputFields: membershipPayload },
);

function removalPayload(t: PayloadFields<Change>) {
  return {
    removedMembershipId: t.id({
      description: 'Id of the membership, which no longer exists.',
      resolve: ({ id }) => publicId('Membership', id),
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

builder.relayMutationField(
  'removeMember',
  {
    description: 'Identifies the membership to remove.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Membership id.' }) }),
  },
  {
    description:
      'Removes a member from a team. They immediately lose all access to its tasks, including tasks they own or that were shared with them. Idempotent. The owner cannot be removed (FORBIDDEN).',
    resolve: (_root, { input }, { db, person }) => removeMember(db, person, input),
  },
  { description: 'The result of removing a member.', outputFields: removalPayload },
);

builder.relayMutationField(
  'leaveTeam',
  {
    description: 'Identifies the team to leave.',
    inputFields: (t) => ({ teamId: t.id({ required: true, description: 'The team to leave.' }) }),
  },
  {
    description:
      'Removes the viewer from a team. They lose access to all of its tasks. Idempotent. The owner cannot leave (FORBIDDEN) and has to transfer the team first.',
    resolve: (_root, { input }, { db, person }) => leaveTeam(db, person, input),
  },
  { description: 'The result of leaving a team.', outputFields: removalPayload },
);

builder.relayMutationField(
  'transferOwnership',
  {
    description: 'A team and its new owner.',
    inputFields: (t) => ({
      teamId: t.id({ required: true, description: 'The team to transfer.' }),
      userId: t.id({ required: true, description: 'The new owner: a member with any role.' }),
    }),
  },
  {
    description: 'Transfers ownership of the viewer’s team to another member. The viewer becomes an admin.',
    resolve: (_root, { input }, { db, person }) => transferOwnership(db, person, input),
  },
  {
    description: 'The result of transferring a team.',
    outputFields: (t) => ({
      team: t.prismaField({
        type: Team,
        description: 'The team after the change.',
        resolve: (query, { teamId }, _args, { db, viewer }) => teamOf(db, viewer, { id: teamId }, query),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);
