import { queryFromInfo } from '@pothos/plugin-prisma';
import { z } from 'zod';
import type { Prisma, TeamRole as Role } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound, ValidationFailed } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { can, grantableRoles, visible, type TeamAction, type Viewer } from '../server/policy.ts';
import { batched } from './machinery/loaders.ts';
import { builder } from './machinery/builder.ts';
import { moment, page, type Column } from './machinery/connection.ts';
import { enumFilter, filterType, matching, onColumn, TextFilter } from './machinery/filters.ts';
import { NODES } from './machinery/selection.ts';
import { OrderDirection } from './task-list.ts';
import { User } from './user.ts';

export const TeamRole = builder.enumType('TeamRole', {
  description: 'What somebody is in a team.',
  values: {
    OWNER: {
      description:
        'The one who may hand the team over or delete it; an admin in all else. Each team has one.',
    },
    ADMIN: {
      description: 'Edits and deletes any task, and invites, removes and re-roles members and viewers.',
    },
    MEMBER: { description: 'Creates tasks; edits and deletes those they own or are assigned.' },
    VIEWER: {
      description:
        'Reads. Rights add up: tasks that they own, or have an EDIT share of, they can still change as its owner or editor.',
    },
  } satisfies Record<Role, object>,
});

interface RightsIn {
  viewer: Viewer;
  id: string;
}

const TeamRights = builder.objectRef<RightsIn>('TeamRights').implement({
  description: 'What the viewer may do with a team.',
  fields: (t) => {
    const right = (action: TeamAction, description: string) =>
      t.boolean({ description, resolve: ({ viewer, id }) => can(viewer, action, { id }) });
    return {
      createTask: right('team.createTask', 'Add tasks to it.'),
      update: right('team.update', 'Change its name, slug and description.'),
      invite: right('team.invite', 'Invite people, with one of `grantRoles`.'),
      transfer: right('team.transfer', 'Make another member its owner.'),
      delete: right('team.delete', 'Delete it for good.'),
      leave: right('team.leave', 'Leave it; its owner has to hand it over before.'),
      grantRoles: t.field({
        type: [TeamRole],
        description: 'The roles that they may give, change and take away; at most three.',
        resolve: ({ viewer, id }) => [...grantableRoles(viewer, id)],
      }),
    };
  },
});

export const Team = builder.prismaNode('Team', {
  description: 'People who work on tasks together. Only its members see it.',
  id: { field: 'id', description: 'Starts with `team_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.team(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 100 characters; no other team has the same.' }),
    slug: t.exposeString('slug', {
      description: 'A short name for addresses: `a` to `z`, digits and dashes; no other team has the same.',
    }),
    description: t.exposeString('description', {
      description: 'Markdown, at most 2,000 characters; may be empty.',
    }),
    owner: t.field({
      type: User,
      description: 'The one member with the role OWNER.',
      select: { id: true },
      resolve: async ({ id }, _args, context, info) => {
        const selection = queryFromInfo({ context, info });
        const owner = await batched(context, info, id, (ids) => ownersOf(context.db, ids, selection));
        if (!owner) throw new NotFound('team');
        return owner;
      },
    }),
    viewerRole: t.field({
      type: TeamRole,
      nullable: true,
      description: 'What the viewer is in it; null only where they left it in the same request.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => viewer.teams.get(id) ?? null,
    }),
    viewerCan: t.field({
      type: TeamRights,
      description: 'What the viewer may do with it.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => ({ id, viewer }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its name, slug or description last changed.',
    }),
  }),
});

async function ownersOf(db: Database, teamIds: readonly string[], selection: object) {
  const owners = await db.membership.findMany({
    relationLoadStrategy: 'join',
    where: { teamId: { in: [...teamIds] }, role: 'OWNER' },
    select: { teamId: true, user: selection },
  });
  return new Map(owners.map(({ teamId, user }) => [teamId, user]));
}

const TeamRoleFilter = enumFilter('TeamRoleFilter', TeamRole, 'Which roles');

const TeamFilter = filterType('TeamFilter', 'Which teams', (t) => ({
  name: t.field({ type: TextFilter, description: 'By their names.' }),
  viewerRole: t.field({ type: TeamRoleFilter, description: 'By what the viewer is in them.' }),
}));

/** What Prisma must look for to find the teams that a viewer sees and a filter describes. */
function wantedTeams(
  viewer: Viewer,
  filter: typeof TeamFilter.$inferInput | null | undefined,
): Prisma.TeamWhereInput {
  const role = onColumn('role');
  const wanted = matching(filter, {
    name: onColumn('name'),
    viewerRole: (given, path) =>
      role(given, path).map((condition) => ({
        memberships: { some: { AND: [{ userId: viewer.userId }, condition] } },
      })),
  });
  return { AND: [visible.team(viewer), wanted] };
}

const TeamOrderField = builder.enumType('TeamOrderField', {
  description: 'What a list of teams can be ordered by.',
  values: {
    NAME: { value: 'name', description: 'Their names, as the database sorts text.' },
    CREATED_AT: { value: 'createdAt', description: 'When they were created.' },
  } as const,
});

const columns: { [Field in typeof TeamOrderField.$inferType]: Column<Field> } = {
  name: { field: 'name', value: z.string() },
  createdAt: { field: 'createdAt', value: moment },
};

const TeamOrder = builder.inputType('TeamOrder', {
  description: 'The order of a list of teams. Where two are equal, their ids decide.',
  fields: (t) => ({
    field: t.field({ type: TeamOrderField, required: true, description: 'By what.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'asc',
      description: 'Which way.',
    }),
  }),
});

builder.queryField('team', (t) =>
  t.prismaField({
    type: Team,
    nullable: true,
    description: 'One team, by its id or its slug; NOT_FOUND where there is none that the viewer is in.',
    args: {
      id: t.arg.id({ description: 'Like `team_01jd…`. Give this or `slug`.' }),
      slug: t.arg.string({ description: 'Like `web-team`. Give this or `id`.' }),
    },
    resolve: (query, _root, { id, slug }, { db, viewer }) => {
      if ((id == null) === (slug == null)) {
        throw new ValidationFailed('Name the team by its `id` or by its `slug`.', { field: 'id' });
      }
      return teamOf(db, viewer, id == null ? { slug: slug ?? '' } : { id: uuidOf('Team', id) }, query);
    },
  }),
);

/** @throws NotFound where there is no such team that the viewer may see, also since a moment ago. */
export async function teamOf(
  db: Database,
  viewer: Viewer,
  which: { id: string } | { slug: string },
  query: object,
) {
  const team = await db.team.findUnique({
    ...query,
    relationLoadStrategy: 'join',
    where: { ...which, AND: visible.team(viewer) },
  });
  if (!team) throw new NotFound('team');
  return team;
}

builder.queryField('teams', (t) =>
  t.connection(
    {
      type: Team,
      description: 'The teams that the viewer is in, by their names unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: TeamFilter, description: 'Only these.' }),
        orderBy: t.arg({ type: TeamOrder, description: 'In this order.' }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const { db, viewer } = context;
        const { field, direction } = orderBy ?? { field: 'name', direction: 'asc' };
        const wanted = wantedTeams(viewer, filter);
        const teams = page(args, [{ ...columns[field], direction }]);
        const rows = await db.team.findMany({
          ...teams.withCursor(queryFromInfo({ context, info, paths: NODES })),
          relationLoadStrategy: 'join',
          where: { AND: [wanted, teams.where] },
          orderBy: teams.orderBy,
          take: teams.take,
        });
        return { ...teams.connection(rows), totalCount: () => db.team.count({ where: wanted }) };
      },
    },
    { description: 'A page of teams.' },
    { description: 'A team at its place of a list.' },
  ),
);
