import type { Change } from '../server/domain/change.ts';
import { changeRole, leaveTeam, removeMember, transferOwnership } from '../server/domain/membership.ts';
import { NotFound } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { can, visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { Team, teamOf, TeamRole } from './team.ts';
import { User } from './user.ts';

const cursorDescription = 'The log’s position after the change.';

const MembershipRights = builder.objectRef<{ manage: boolean }>('MembershipRights').implement({
  description: 'What the viewer may do with a membership.',
  fields: (t) => ({
    manage: t.exposeBoolean('manage', {
      description: 'Give the member another role, of the team’s `viewerCan.grantRoles`, or remove them.',
    }),
  }),
});

const Membership = builder.prismaNode('Membership', {
  description: 'Somebody’s place in a team.',
  id: { field: 'id', description: 'Starts with `member_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.membership(viewer) }),
  select: { id: true },
  fields: (t) => ({
    team: t.relation('team', { type: Team, description: 'In which team.' }),
    user: t.relation('user', { type: User, description: 'Who it is.' }),
    role: t.expose('role', { type: TeamRole, description: 'What they are in the team.' }),
    viewerCan: t.field({
      type: MembershipRights,
      description: 'What the viewer may do with it.',
      select: { teamId: true, role: true },
      resolve: (member, _args, { viewer }) => ({ manage: can(viewer, 'member.manage', member) }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they joined.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When their role last changed.' }),
  }),
});

builder.prismaObjectField(Team, 'members', (t) =>
  pagedRelation(t, 'memberships', {
    type: Membership,
    description: 'Who is in it, its owner included; in the order in which they were invited.',
    where: (_args, { viewer }) => visible.membership(viewer),
    order: () => [],
    page: 'A page of a team’s members.',
    edge: 'A member at their place of the list.',
  }),
);

/** What changing a membership gives back: the membership re-read with the client's selection. */
export function membershipPayload(t: PayloadFields<Change>) {
  return {
    membership: t.prismaField({
      type: Membership,
      description: 'The membership as it is now.',
      resolve: async (query, { id }, _args, { db, viewer }) => {
        const where = { id, AND: visible.membership(viewer) };
        const member = await db.membership.findUnique({ ...query, relationLoadStrategy: 'join', where });
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
    description: 'Which member, and what they are to be.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which membership.' }),
      role: t.field({
        type: TeamRole,
        required: true,
        description: 'One of the team’s `viewerCan.grantRoles`; OWNER is VALIDATION_FAILED.',
      }),
    }),
  },
  {
    description:
      'Gives a member another role. Admins do so among members and viewers; the owner’s own role changes by `transferOwnership` only.',
    resolve: (_root, { input }, { db, person }) => changeRole(db, person, input),
  },
  { description: 'The changed membership.', outputFields: membershipPayload },
);

/** What is left where somebody went. */
function removalPayload(t: PayloadFields<Change>) {
  return {
    removedMembershipId: t.id({
      description: 'The id that no longer leads anywhere.',
      resolve: ({ id }) => publicId('Membership', id),
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

builder.relayMutationField(
  'removeMember',
  {
    description: 'Who goes.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which membership.' }) }),
  },
  {
    description:
      'Takes a member out of their team. They lose all rights on its tasks at once, also on those they own or hold a share of. Removing them again is harmless; FORBIDDEN for the owner.',
    resolve: (_root, { input }, { db, person }) => removeMember(db, person, input),
  },
  { description: 'What is left of a removed membership.', outputFields: removalPayload },
);

builder.relayMutationField(
  'leaveTeam',
  {
    description: 'What to leave.',
    inputFields: (t) => ({ teamId: t.id({ required: true, description: 'Which team.' }) }),
  },
  {
    description:
      'Takes the viewer out of a team, with all rights on its tasks. Leaving it again is harmless; FORBIDDEN for the owner, who has to hand the team over before.',
    resolve: (_root, { input }, { db, person }) => leaveTeam(db, person, input),
  },
  { description: 'What is left of the viewer’s membership.', outputFields: removalPayload },
);

builder.relayMutationField(
  'transferOwnership',
  {
    description: 'Which team goes to whom.',
    inputFields: (t) => ({
      teamId: t.id({ required: true, description: 'Which team.' }),
      userId: t.id({ required: true, description: 'Its new owner: a member, of any role.' }),
    }),
  },
  {
    description: 'Makes another member the owner of the viewer’s team; the viewer stays as an admin.',
    resolve: (_root, { input }, { db, person }) => transferOwnership(db, person, input),
  },
  {
    description: 'The team in its new hands.',
    outputFields: (t) => ({
      team: t.prismaField({
        type: Team,
        description: 'The team as it is now.',
        resolve: (query, { teamId }, _args, { db, viewer }) => teamOf(db, viewer, { id: teamId }, query),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);
