import type { GraphQLSchema } from 'graphql';
import type { View as ViewRow } from '../prisma/generated/client/client.ts';
import type { Change } from '../server/domain/change.ts';
import type { GROUPINGS, LAYOUTS } from '../server/domain/view.ts';
import { createView, deleteView, MOST_LIMITS, MOST_VIEWS, updateView } from '../server/domain/view.ts';
import { LimitedToTeams, NotFound, ValidationFailed } from '../server/errors.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import type { Context } from '../server/graphql/context.ts';
import { can, visible } from '../server/policy.ts';
import { viewerOf } from '../server/sql/viewer.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { FILTER_TEXT, FilterTextError, readFilterText, readText } from './filter-text.ts';
import { countSelected, listTasks, OrderDirection, TaskOrderField, type TaskSelection } from './task-list.ts';
import { Task } from './task.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

export const TaskGroupBy = builder.enumType('TaskGroupBy', {
  description: 'What tasks are grouped by.',
  values: {
    STATUS: { description: 'Their status.' },
    PRIORITY: { description: 'Their priority.' },
    ASSIGNEE: { description: 'Their assignee.' },
    LABEL: { description: 'Their labels. A task with several labels is in several groups.' },
    DUE_WEEK: { description: 'The week of their due date, by its Monday.' },
    DUE_DAY: { description: 'Their due date.' },
  } satisfies Record<(typeof GROUPINGS)[number], object>,
});

const ViewLayout = builder.enumType('ViewLayout', {
  description: 'How a view shows its tasks.',
  values: {
    LIST: { description: 'As a list.' },
    BOARD: { description: 'As columns, one per group.' },
    CALENDAR: { description: 'By due date.' },
    TABLE: { description: 'As rows with columns.' },
  } satisfies Record<(typeof LAYOUTS)[number], object>,
});

interface Limit {
  value: string | null;
  limit: number;
}

const ViewLimit = builder.objectRef<Limit>('ViewLimit').implement({
  description: 'The most tasks that a column of a board should have.',
  fields: (t) => ({
    value: t.exposeString('value', {
      nullable: true,
      description: 'The column, as in `TaskGroup.key`. Null for tasks without a value.',
    }),
    limit: t.exposeInt('limit', { description: '1 to 999.' }),
  }),
});

const ViewLimitInput = builder.inputType('ViewLimitInput', {
  description: 'The most tasks that a column of a board should have.',
  fields: (t) => ({
    value: t.string({
      description: 'The column, as in `TaskGroup.key`. Null for tasks without a value.',
    }),
    limit: t.int({ required: true, description: '1 to 999.' }),
  }),
});

const ViewRights = builder.objectRef<{ edit: boolean }>('ViewRights').implement({
  description: 'What the viewer may do with a view.',
  fields: (t) => ({
    edit: t.exposeBoolean('edit', { description: 'Change, move and delete it.' }),
  }),
});

type Selected = Pick<ViewRow, 'filterText' | 'orderField' | 'orderDirection'>;

function selectionOf({ filterText, orderField, orderDirection }: Selected): TaskSelection {
  return {
    filterText,
    orderBy: [{ field: orderField, direction: orderDirection }] as TaskSelection['orderBy'],
  };
}

const selection = { filterText: true, orderField: true, orderDirection: true } as const;

const View = builder.prismaNode('View', {
  description:
    'A saved selection of tasks. Contains the tasks that the viewer can see, regardless of who saved it. A person’s views are private; those of a team are visible to its members.',
  id: { field: 'id', description: 'Starts with `view_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.view(viewer) }),
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 100 characters.' }),
    owner: t.relation('owner', {
      type: User,
      nullable: true,
      description: 'The person that it belongs to. Null for a view of a team.',
    }),
    team: t.relation('team', {
      type: Team,
      nullable: true,
      description: 'The team that it belongs to. Null for a person’s own view.',
    }),
    filterText: t.exposeString('filterText', {
      description:
        'Its conditions as text, in canonical spelling. Words such as `me` and `today` mean the person who looks, and the day. Empty for all tasks.',
    }),
    filterErrors: t.field({
      type: [FilterTextError],
      description:
        'Why the filter cannot be read, at most ten: it names a person or a team that the viewer does not see. `tasks` then fails with VALIDATION_FAILED.',
      select: { filterText: true },
      resolve: async ({ filterText }, _args, context) => [...(await readText(context, filterText)).errors],
    }),
    orderField: t.field({
      type: TaskOrderField,
      description: 'Field to sort by.',
      select: { orderField: true },
      resolve: ({ orderField }) => orderField as typeof TaskOrderField.$inferType,
    }),
    orderDirection: t.field({
      type: OrderDirection,
      description: 'Sort direction.',
      select: { orderDirection: true },
      resolve: ({ orderDirection }) => orderDirection as typeof OrderDirection.$inferType,
    }),
    groupBy: t.field({
      type: TaskGroupBy,
      nullable: true,
      description: 'What its tasks are grouped by. Null for no groups.',
      select: { groupBy: true },
      resolve: ({ groupBy }) => groupBy as typeof TaskGroupBy.$inferType | null,
    }),
    layout: t.field({
      type: ViewLayout,
      description: 'How it is shown.',
      select: { layout: true },
      resolve: ({ layout }) => layout as typeof ViewLayout.$inferType,
    }),
    limits: t.field({
      type: [ViewLimit],
      description: `Limits of the columns of its board, at most ${MOST_LIMITS}. They are shown; more tasks are still accepted.`,
      select: { limits: true },
      resolve: ({ limits }) => limits as unknown as Limit[],
    }),
    version: t.exposeInt('version', {
      description: 'Increases with each change. Pass it to `updateView` to detect changes of others.',
    }),
    viewerCan: t.field({
      type: ViewRights,
      description: 'What the viewer may do with the view.',
      select: { ownerId: true, teamId: true },
      resolve: (view, _args, { viewer }) => ({ edit: can(viewer, 'view.edit', view) }),
    }),
    tasks: t.connection(
      {
        type: Task,
        description: 'The tasks of the view that the viewer can see, in its order.',
        select: selection,
        resolve: (view, args, context, info) => listTasks(context, info, selectionOf(view), args),
      },
      { description: 'A page of the tasks of a view.' },
      { description: 'An edge in a page of the tasks of a view.' },
    ),
    totalCount: t.int({
      nullable: true,
      description:
        'Number of its tasks that the viewer can see: exact if the counters know it, otherwise at most 10,000. Null if the filter cannot be read.',
      select: selection,
      resolve: async (view, _args, context, info) => (await totalOf(view, context, info))?.count ?? null,
    }),
    isTotalCountExact: t.boolean({
      nullable: true,
      description: 'Whether `totalCount` is exact. Null if the filter cannot be read.',
      select: selection,
      resolve: async (view, _args, context, info) => (await totalOf(view, context, info))?.isExact ?? null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

builder.prismaObjectField(Team, 'defaultView', (t) =>
  t.relation('defaultView', {
    type: View,
    nullable: true,
    description: 'The view with which its tasks open. Null if none is set, or when it was deleted.',
  }),
);

/** Views are counted once per response. */
const totals = new WeakMap<object, ReturnType<typeof countSelected>>();

async function totalOf(
  view: Selected,
  ...[context, info]: [Parameters<typeof countSelected>[0], Parameters<typeof countSelected>[1]]
) {
  const counted = totals.get(view) ?? countSelected(context, info, selectionOf(view));
  totals.set(view, counted);
  try {
    return await counted;
  } catch (error) {
    if (error instanceof ValidationFailed) return null;
    throw error;
  }
}

builder.queryField('views', (t) =>
  t.prismaField({
    type: [View],
    description: `The viewer’s own views, or those of a team, in their order. At most ${MOST_VIEWS}.`,
    args: {
      first: t.arg.int({ description: `At most ${MOST_VIEWS}, which is the default.` }),
      teamId: t.arg.id({
        description:
          'A team that the viewer is a member of; otherwise NOT_FOUND. Default: the viewer’s own views.',
      }),
    },
    resolve: (query, _root, { teamId, first }, { db, viewer }) => {
      const limit = first ?? MOST_VIEWS;
      if (limit < 0 || limit > MOST_VIEWS)
        throw new ValidationFailed(`You can get 0 to ${MOST_VIEWS} views.`, { field: 'first' });
      const team = teamId == null ? null : uuidOf('Team', teamId, 'teamId');
      if (team !== null && !viewer.teams.has(team)) throw new NotFound('team', team);
      if (team === null && viewer.person.limit) throw LimitedToTeams.chooseOne();
      return db.view.findMany({
        ...query,
        where: team === null ? { ownerId: viewer.ownId } : { teamId: team },
        orderBy: [{ position: 'asc' }, { id: 'asc' }],
        take: limit,
        relationLoadStrategy: 'join',
      });
    },
  }),
);

/** @throws ValidationFailed for a filter that the person cannot read. */
async function refuseUnreadable(
  { db, person }: Context,
  schema: GraphQLSchema,
  text: string | null | undefined,
) {
  if (text != null) await readFilterText({ db, viewer: await viewerOf(db, person) }, schema, text);
}

const viewPayload = (t: PayloadFields<Change>) => ({
  view: t.prismaField({
    type: View,
    description: 'The current state of the view.',
    resolve: async (query, { id }, _args, { db, viewer }) => {
      const where = { id, AND: visible.view(viewer) };
      const view = await db.view.findFirst({ ...query, where, relationLoadStrategy: 'join' });
      if (!view) throw new NotFound('view');
      return view;
    },
  }),
  cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
});

const GROUP = 'What tasks are grouped by.';
const LIMITS = `Limits of the columns of its board, one per value and at most ${MOST_LIMITS}.`;
const NAME = '1 to 100 characters.';

builder.relayMutationField(
  'createView',
  {
    description: 'A new view.',
    inputFields: (t) => ({
      teamId: t.id({ description: 'The team that it belongs to. Without it, it is the viewer’s own.' }),
      name: t.string({ required: true, description: NAME }),
      filterText: t.string({ description: `${FILTER_TEXT} Default: all tasks.` }),
      orderField: t.field({ type: TaskOrderField, description: 'Default: CREATED_AT.' }),
      orderDirection: t.field({ type: OrderDirection, description: 'Default: DESC.' }),
      groupBy: t.field({ type: TaskGroupBy, description: `${GROUP} Default: no groups.` }),
      layout: t.field({ type: ViewLayout, description: 'Default: LIST.' }),
      limits: t.field({ type: [ViewLimitInput], description: `${LIMITS} Default: none.` }),
    }),
  },
  {
    description: `Saves a view, which comes last. A team’s owner, admins and members can save views for it. Fails with CONFLICT if the viewer or the team has ${MOST_VIEWS}.`,
    resolve: async (_root, { input }, context, { schema }) => {
      await refuseUnreadable(context, schema, input.filterText);
      return createView(context.db, context.person, input);
    },
  },
  { description: 'The new view.', outputFields: viewPayload },
);

builder.relayMutationField(
  'updateView',
  {
    description: 'The changed fields. Omitted fields do not change.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'View id.' }),
      version: t.int({
        description:
          'The version that the change is based on. If the view has another one, it fails with CONFLICT.',
      }),
      name: t.string({ description: NAME }),
      filterText: t.string({ description: FILTER_TEXT }),
      orderField: t.field({ type: TaskOrderField, description: 'Field to sort by.' }),
      orderDirection: t.field({ type: OrderDirection, description: 'Sort direction.' }),
      groupBy: t.field({ type: TaskGroupBy, description: `${GROUP} Null removes the groups.` }),
      layout: t.field({ type: ViewLayout, description: 'How it is shown.' }),
      limits: t.field({
        type: [ViewLimitInput],
        description: `${LIMITS} Replaces all. A new \`groupBy\` without them removes them.`,
      }),
      after: t.id({
        description: 'The view of the same person or team to place it after. Null places it first.',
      }),
    }),
  },
  {
    description:
      'Changes or moves a view. Allowed for its owner, or for the owner, admins and members of its team.',
    resolve: async (_root, { input }, context, { schema }) => {
      await refuseUnreadable(context, schema, input.filterText);
      return updateView(context.db, context.person, input);
    },
  },
  { description: 'The changed view.', outputFields: viewPayload },
);

builder.relayMutationField(
  'deleteView',
  {
    description: 'Identifies the view to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'View id.' }) }),
  },
  {
    description: 'Deletes a view; its tasks stay. Allowed for those who may change it. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteView(db, person, input),
  },
  {
    description: 'The result of deleting a view.',
    outputFields: (t) => ({
      deletedViewId: t.id({
        description: 'Id of the view, which no longer exists.',
        resolve: ({ id }) => publicId('View', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
