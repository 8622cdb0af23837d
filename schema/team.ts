import { queryFromInfo } from '@pothos/plugin-prisma';
import { z } from 'zod';
import type { Prisma, TeamRole as Role } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound, ValidationFailed } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { can, grantableRoles, visible, type TeamAction, type Viewer } from '../server/policy.ts';
import { openTasksByTeam } from '../server/sql/open-tasks-by-team.ts';
import { batched } from './machinery/loaders.ts';
import { builder } from './machinery/builder.ts';
import { moment, page, type Column } from './machinery/connection.ts';
import { enumFilter, filterType, matching, onColumn, TextFilter } from './machinery/filters.ts';
import { NODES } from './machinery/selection.ts';
import { OrderDirection } from './task-list.ts';
import { User } from './user.ts';

export const TeamRole = builder.enumType('TeamRole', {
  description: 'Role of a member in a team.',
  values: {
    OWNER: {
      description:
        'Has all rights of an admin, and can transfer or delete the team. Each team has exactly one owner.',
    },
    ADMIN: {
      description:
        'Can edit and delete all tasks of the team, and invite, remove and change the role of members and viewers.',
    },
    MEMBER: { description: 'Can create tasks, and edit and delete tasks that they own or are assigned to.' },
    VIEWER: {
      description:
        'Can read. Rights add up: as the owner or with an EDIT share, they can still change a task.',
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
      createTask: right('team.createTask', 'Create tasks in it.'),
      update: right('team.update', 'Change its name, slug, description and default view.'),
      invite: right('team.invite', 'Invite people, with one of `grantRoles`.'),
      transfer: right('team.transfer', 'Make another member its owner.'),
      delete: right('team.delete', 'Delete it permanently.'),
      leave: right('team.leave', 'Leave it. Its owner has to transfer it first.'),
      manageViews: right('team.manageViews', 'Create, change and delete its views and dashboards.'),
      manageWebhooks: right('team.manageWebhooks', 'Create, change and delete its webhooks.'),
      grantRoles: t.field({
        type: [TeamRole],
        description: 'Roles that the viewer may assign, change and remove. At most three.',
        resolve: ({ viewer, id }) => [...grantableRoles(viewer, id)],
      }),
    };
  },
});

export const Team = builder.prismaNode('Team', {
  description: 'A group of people who share tasks. Visible only to its members.',
  id: { field: 'id', description: 'Starts with `team_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.team(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 100 characters. Unique among all teams.' }),
    slug: t.exposeString('slug', {
      description: 'Short name for URLs: `a` to `z`, digits and dashes. Unique among all teams.',
    }),
    description: t.exposeString('description', {
      description: 'Markdown, at most 2,000 characters. Can be empty.',
    }),
    owner: t.field({
      type: User,
      description: 'The member with the role OWNER.',
      select: { id: true },
      resolve: async ({ id }, _args, context, info) => {
        const selection = queryFromInfo({ context, info });
        const owner = await batched(context, info, id, (ids) => ownersOf(context.db, ids, selection));
        if (!owner) throw new NotFound('team');
        return owner;
      },
    }),
    openTaskCount: t.int({
      description: 'Number of its tasks that are TODO or IN_PROGRESS, without archived ones.',
      select: { id: true },
      resolve: async ({ id }, _args, context, info) => {
        const { db, viewer } = context;
        const ids = (some: readonly string[]) => some.filter((team) => viewer.teams.has(team));
        return (await batched(context, info, id, (some) => openTasksByTeam(db, ids(some)))) ?? 0;
      },
    }),
    viewerRole: t.field({
      type: TeamRole,
      nullable: true,
      description: 'Role of the viewer in the team. Null only if the viewer left it in the same request.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => viewer.teams.get(id) ?? null,
    }),
    viewerCan: t.field({
      type: TeamRights,
      description: 'What the viewer may do with the team.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => ({ id, viewer }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its name, slug, description or default view was last changed.',
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

const TeamRoleFilter = enumFilter('TeamRoleFilter', TeamRole, 'Filters by role');

const TeamFilter = filterType('TeamFilter', 'Filters teams', (t) => ({
  name: t.field({ type: TextFilter, description: 'By name.' }),
  viewerRole: t.field({ type: TeamRoleFilter, description: 'By the viewer’s role.' }),
}));

/** The visible teams that match a filter, as a Prisma condition. */
function wantedTeams(
  viewer: Viewer,
  filter: typeof TeamFilter.$inferInput | null | undefined,
): Prisma.TeamWhereInput {
  const role = onColumn('role');
  const wanted = matching(filter, {
    name: onColumn('name'),
    viewerRole: (given, path) =>
      role(given, path).map((condition) => ({
        memberships: { some: { AND: [{ userId: viewer.actorId }, condition] } },
      })),
  });
  return { AND: [visible.team(viewer), wanted] };
}

const TeamOrderField = builder.enumType('TeamOrderField', {
  description: 'Fields by which teams can be sorted.',
  values: {
    NAME: { value: 'name', description: 'Name, in the collation of the database.' },
    CREATED_AT: { value: 'createdAt', description: 'Creation time.' },
  } as const,
});

const columns: { [Field in typeof TeamOrderField.$inferType]: Column<Field> } = {
  name: { field: 'name', value: z.string() },
  createdAt: { field: 'createdAt', value: moment },
};

const TeamOrder = builder.inputType('TeamOrder', {
  description: 'Sort order of teams. Ties are broken by id.',
  fields: (t) => ({
    field: t.field({ type: TeamOrderField, required: true, description: 'Field to sort by.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'asc',
      description: 'Sort direction.',
    }),
  }),
});

builder.queryField('team', (t) =>
  t.prismaField({
    type: Team,
    nullable: true,
    description: 'A team by id or slug. Fails with NOT_FOUND if the viewer is not a member.',
    args: {
      id: t.arg.id({ description: 'For example `team_01jd…`. Specify either this or `slug`.' }),
      slug: t.arg.string({ description: 'For example `web-team`. Specify either this or `id`.' }),
    },
    resolve: (query, _root, { id, slug }, { db, viewer }) => {
      if ((id == null) === (slug == null)) {
        throw new ValidationFailed('Specify either `id` or `slug`.', { field: 'id' });
      }
      return teamOf(db, viewer, id == null ? { slug: slug ?? '' } : { id: uuidOf('Team', id) }, query);
    },
  }),
);

/** @throws NotFound if the viewer is not a member of the team. */
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
      description: 'Teams the viewer is a member of, sorted by name by default.',
      args: {
        filter: t.arg({ type: TeamFilter, description: 'Filter conditions.' }),
        orderBy: t.arg({ type: TeamOrder, description: 'Sort order.' }),
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
    { description: 'An edge in a page of teams.' },
  ),
);
