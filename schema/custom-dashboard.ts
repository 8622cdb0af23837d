import type { Change } from '../server/domain/change.ts';
import {
  createCustomDashboard,
  deleteCustomDashboard,
  duplicateCustomDashboard,
  MOST_DASHBOARDS,
  updateCustomDashboard,
} from '../server/domain/custom-dashboard.ts';
import type { TEMPLATES } from '../server/domain/dashboard-templates.ts';
import { MOST_WIDGETS, type Widget } from '../server/domain/dashboard-widget.ts';
import { LimitedToTeams, NotFound, ValidationFailed } from '../server/errors.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import { can, visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { DashboardWidget, DashboardWidgetInput } from './dashboard-widget.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

const CustomDashboardRights = builder.objectRef<{ edit: boolean }>('CustomDashboardRights').implement({
  description: 'What the viewer may do with a dashboard.',
  fields: (t) => ({
    edit: t.exposeBoolean('edit', { description: 'Change, move and delete it.' }),
  }),
});

const CustomDashboard = builder.prismaNode('CustomDashboard', {
  description:
    'Widgets with numbers of the tasks that the viewer can see, regardless of who created it. A person’s dashboards are private; those of a team are visible to its members. The first one of a person or team is the default.',
  id: { field: 'id', description: 'Starts with `dashboard_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.customDashboard(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 100 characters.' }),
    owner: t.relation('owner', {
      type: User,
      nullable: true,
      description: 'The person that it belongs to. Null for a dashboard of a team.',
    }),
    team: t.relation('team', {
      type: Team,
      nullable: true,
      description: 'The team that it belongs to. Null for a person’s own dashboard.',
    }),
    widgets: t.field({
      type: [DashboardWidget],
      description: `Its widgets, in their order. At most ${MOST_WIDGETS}.`,
      select: { widgets: true },
      resolve: ({ widgets }) => widgets as unknown as Widget[],
    }),
    version: t.exposeInt('version', {
      description:
        'Increases with each change. Pass it to `updateCustomDashboard` to detect changes of others.',
    }),
    viewerCan: t.field({
      type: CustomDashboardRights,
      description: 'What the viewer may do with the dashboard.',
      select: { ownerId: true, teamId: true },
      resolve: (dashboard, _args, { viewer }) => ({ edit: can(viewer, 'dashboard.edit', dashboard) }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

builder.queryField('customDashboard', (t) =>
  t.prismaField({
    type: CustomDashboard,
    description: 'A dashboard. NOT_FOUND if the viewer cannot see it.',
    args: { id: t.arg.id({ required: true, description: 'Dashboard id.' }) },
    resolve: async (query, _root, { id }, { db, viewer }) => {
      const uuid = uuidOf('CustomDashboard', id, 'id');
      const dashboard = await db.customDashboard.findFirst({
        ...query,
        where: { id: uuid, AND: visible.customDashboard(viewer) },
        relationLoadStrategy: 'join',
      });
      if (!dashboard) throw new NotFound('dashboard', uuid);
      return dashboard;
    },
  }),
);

builder.queryField('customDashboards', (t) =>
  t.prismaField({
    type: [CustomDashboard],
    description: `The viewer’s own dashboards, or those of a team, in their order. At most ${MOST_DASHBOARDS}.`,
    args: {
      first: t.arg.int({ description: `At most ${MOST_DASHBOARDS}, which is the default.` }),
      teamId: t.arg.id({
        description:
          'A team that the viewer is a member of; otherwise NOT_FOUND. Default: the viewer’s own dashboards.',
      }),
    },
    resolve: (query, _root, { teamId, first }, { db, viewer }) => {
      const limit = first ?? MOST_DASHBOARDS;
      if (limit < 0 || limit > MOST_DASHBOARDS)
        throw new ValidationFailed(`You can get 0 to ${MOST_DASHBOARDS} dashboards.`, { field: 'first' });
      const team = teamId == null ? null : uuidOf('Team', teamId, 'teamId');
      if (team === null && viewer.person.limit) throw LimitedToTeams.chooseOne();
      if (team !== null && !viewer.teams.has(team)) throw new NotFound('team', team);
      return db.customDashboard.findMany({
        ...query,
        where: team === null ? { ownerId: viewer.ownId } : { teamId: team },
        orderBy: [{ position: 'asc' }, { id: 'asc' }],
        take: limit,
        relationLoadStrategy: 'join',
      });
    },
  }),
);

const dashboardPayload = (t: PayloadFields<Change>) => ({
  customDashboard: t.prismaField({
    type: CustomDashboard,
    description: 'The current state of the dashboard.',
    resolve: async (query, { id }, _args, { db, viewer }) => {
      const where = { id, AND: visible.customDashboard(viewer) };
      const dashboard = await db.customDashboard.findFirst({ ...query, where, relationLoadStrategy: 'join' });
      if (!dashboard) throw new NotFound('dashboard');
      return dashboard;
    },
  }),
  cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
});

const DashboardTemplate = builder.enumType('DashboardTemplate', {
  description: 'Widgets to start with.',
  values: {
    PERSONAL: { description: 'Open, overdue and completed tasks of a person.' },
    TEAM: { description: 'Load, flow and throughput of a team.' },
    LEAD: { description: 'Throughput and durations over weeks.' },
  } satisfies Record<(typeof TEMPLATES)[number], object>,
});

const NAME = '1 to 100 characters.';
const OF_TEAM = 'The team that it belongs to. Without it, it is the viewer’s own.';
const WIDGETS = `In their order; at most ${MOST_WIDGETS}.`;

builder.relayMutationField(
  'createCustomDashboard',
  {
    description: 'A new dashboard.',
    inputFields: (t) => ({
      teamId: t.id({ description: OF_TEAM }),
      name: t.string({ required: true, description: NAME }),
      template: t.field({
        type: DashboardTemplate,
        description: 'Widgets to start with, of the team or the person. Not with `widgets`.',
      }),
      widgets: t.field({ type: [DashboardWidgetInput], description: `${WIDGETS} Default: none.` }),
    }),
  },
  {
    description: `Creates a dashboard, which comes last. A team’s owner, admins and members can create them for it. Fails with CONFLICT if the viewer or the team has ${MOST_DASHBOARDS}.`,
    resolve: (_root, { input }, { db, person }) => createCustomDashboard(db, person, input),
  },
  { description: 'The new dashboard.', outputFields: dashboardPayload },
);

builder.relayMutationField(
  'updateCustomDashboard',
  {
    description: 'The changed fields. Omitted fields do not change.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Dashboard id.' }),
      version: t.int({
        description:
          'The version that the change is based on. If the dashboard has another one, it fails with CONFLICT.',
      }),
      name: t.string({ description: NAME }),
      widgets: t.field({
        type: [DashboardWidgetInput],
        description: `All widgets, which replace the current ones. ${WIDGETS}`,
      }),
      after: t.id({
        description: 'The dashboard of the same person or team to place it after. Null places it first.',
      }),
    }),
  },
  {
    description:
      'Changes or moves a dashboard. Allowed for its owner, or for the owner, admins and members of its team.',
    resolve: (_root, { input }, { db, person }) => updateCustomDashboard(db, person, input),
  },
  { description: 'The changed dashboard.', outputFields: dashboardPayload },
);

builder.relayMutationField(
  'duplicateCustomDashboard',
  {
    description: 'The dashboard to copy.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Dashboard id.' }),
      teamId: t.id({ description: OF_TEAM }),
      name: t.string({ required: true, description: NAME }),
    }),
  },
  {
    description: 'Copies a dashboard that the viewer sees. The copy comes last. Limits as for a new one.',
    resolve: (_root, { input }, { db, person }) => duplicateCustomDashboard(db, person, input),
  },
  { description: 'The copy.', outputFields: dashboardPayload },
);

builder.relayMutationField(
  'deleteCustomDashboard',
  {
    description: 'Identifies the dashboard to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Dashboard id.' }) }),
  },
  {
    description: 'Deletes a dashboard; its tasks stay. Allowed for those who may change it. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteCustomDashboard(db, person, input),
  },
  {
    description: 'The result of deleting a dashboard.',
    outputFields: (t) => ({
      deletedCustomDashboardId: t.id({
        description: 'Id of the dashboard, which no longer exists.',
        resolve: ({ id }) => publicId('CustomDashboard', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
