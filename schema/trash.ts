import { queryFromInfo } from '@pothos/plugin-prisma';
import type { Database } from '../server/database/client.ts';
import {
  LARGEST_DELETION,
  purgeTask,
  purgeTasks,
  restoreTask,
  restoreTasks,
} from '../server/domain/trash.ts';
import type { TaskChange, TasksChange } from '../server/domain/task.ts';
import { NotFound } from '../server/errors.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import { visible, type Viewer } from '../server/policy.ts';
import { countTrash, TRASH_DAYS, trashPage } from '../server/sql/trash.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { moment, page } from './machinery/connection.ts';
import { NODES } from './machinery/selection.ts';
import { namedObject } from './event.ts';
import { taskPayload, tasksPayload } from './task-mutations.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

/** Limits the cost of a count. */
const MOST_COUNTED = 1_000;

export const TrashedTask = builder.prismaObject('TrashedTask', {
  description: `A deleted task. It can be restored until it is purged, ${TRASH_DAYS} days after the deletion at the latest. Visible to those who could delete the task: its owner, its assignee in the team, and the owner and admins of its team.`,
  select: { id: true },
  fields: (t) => ({
    id: t.id({
      description: 'The id of the task. `node` does not accept it while the task is in the trash.',
      resolve: ({ id }) => publicId('Task', id),
    }),
    title: t.exposeString('title', { description: 'Title of the task.' }),
    owner: t.field({
      type: User,
      nullable: true,
      description: 'The person who owns the task. Null if the viewer can no longer see them.',
      select: { ownerId: true },
      resolve: ({ ownerId }, _args, context, info) => namedObject(context, info, 'User', ownerId),
    }),
    team: t.relation('team', {
      type: Team,
      nullable: true,
      description: 'Its team. Null for a personal task.',
    }),
    deletedBy: t.field({
      type: User,
      nullable: true,
      description: 'The person who deleted the task. Null if the viewer can no longer see them.',
      select: { deletedById: true },
      resolve: ({ deletedById }, _args, context, info) => namedObject(context, info, 'User', deletedById),
    }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', description: 'Time of the deletion.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: `When the task is purged: ${TRASH_DAYS} days after the deletion.`,
    }),
  }),
});

builder.queryField('trashedTask', (t) =>
  t.prismaField({
    type: TrashedTask,
    nullable: true,
    description:
      'A task in the trash. Fails with NOT_FOUND if it is not in the trash, or the viewer may not restore it.',
    args: { id: t.arg.id({ required: true, description: 'Id of the task, for example `task_01jd…`.' }) },
    resolve: async (query, _root, args, { db, viewer }) => {
      const id = uuidOf('Task', args.id);
      const task = await db.trashedTask.findFirst({
        ...query,
        where: { id, AND: visible.trashedTask(viewer) },
      });
      if (!task) throw new NotFound('task', id);
      return task;
    },
  }),
);

builder.queryField('trash', (t) =>
  t.connection(
    {
      type: TrashedTask,
      description:
        'Deleted tasks that the viewer may restore or purge, last deleted first. `totalCount` counts at most 1,000.',
      args: {
        teamId: t.arg.id({
          description:
            'Only tasks of this team. Fails with NOT_FOUND if the viewer is not a member. Default: all, with personal tasks.',
        }),
      },
      resolve: async (_root, args, context, info) => {
        const { db, viewer } = context;
        const teamId = args.teamId == null ? null : uuidOf('Team', args.teamId, 'teamId');
        if (teamId !== null && !viewer.teams.has(teamId)) throw new NotFound('team', teamId);
        const deleted = page(args, [{ field: 'deletedAt', value: moment, direction: 'desc' }]);
        const ids = await trashPage(db, viewer, {
          teamId,
          where: deleted.where,
          oldestFirst: deleted.order.isBackward,
          limit: deleted.take,
        });
        const rows = await db.trashedTask.findMany({
          ...deleted.withCursor(queryFromInfo({ context, info, paths: NODES })),
          relationLoadStrategy: 'join',
          where: { id: { in: ids } },
          orderBy: deleted.orderBy,
        });
        let counted: Promise<number> | undefined;
        const total = () => (counted ??= countTrash(db, viewer, teamId, MOST_COUNTED + 1));
        return {
          ...deleted.connection(rows),
          totalCount: async () => Math.min(await total(), MOST_COUNTED),
          isTotalCountExact: async () => (await total()) <= MOST_COUNTED,
        };
      },
    },
    { description: 'A page of deleted tasks.' },
    { description: 'An edge in a page of deleted tasks.' },
  ),
);

/** In the order of the ids, without those that are not visible. */
export async function trashedTasksOf(db: Database, viewer: Viewer, ids: string[], query: object) {
  const where = { id: { in: ids }, AND: visible.trashedTask(viewer) };
  const tasks = await db.trashedTask.findMany({ ...query, relationLoadStrategy: 'join', where });
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

const idDescription = 'Id of a task in the trash.';
const batchDescription = `1 to ${LARGEST_DELETION} tasks in the trash.`;
const cursorDescription = 'Log cursor after this change.';

const restoration = builder.relayMutationField(
  'restoreTask',
  {
    description: 'Identifies the task to restore.',
    inputFields: (t) => ({ id: t.id({ required: true, description: idDescription }) }),
  },
  {
    description:
      'Restores a task from the trash as it was: with its place, version, labels, comments, shares, and offers that have not expired. It is linked to its parent and its subtasks again if the viewer sees them and they were not linked elsewhere. It becomes a personal task of its owner if its team was deleted. An assignee who is no longer a member of the team is cleared. Allowed for those who could delete the task. A task that is not in the trash does not change.',
    resolve: (_root, { input }, { db, person }) => restoreTask(db, person, input),
  },
  { description: 'The restored task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'restoreTasks',
  {
    description: 'Identifies the tasks to restore.',
    inputFields: (t) => ({
      tasks: t.field({ type: [restoration.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description: 'Restores many tasks from the trash, all or none, as `restoreTask` does.',
    resolve: (_root, { input }, { db, person }) => restoreTasks(db, person, input),
  },
  { description: 'The restored tasks.', outputFields: tasksPayload },
);

const purge = builder.relayMutationField(
  'purgeTask',
  {
    description: 'Identifies the task to purge.',
    inputFields: (t) => ({ id: t.id({ required: true, description: idDescription }) }),
  },
  {
    description:
      'Deletes a task in the trash permanently, with its comments and shares. Fails with CONFLICT for a task that is not in the trash. Idempotent.',
    resolve: (_root, { input }, { db, person }) => purgeTask(db, person, input),
  },
  {
    description: 'The result of purging a task.',
    outputFields: (t: PayloadFields<TaskChange>) => ({
      purgedTaskId: t.id({
        description: 'Id of the task, which no longer exists.',
        resolve: ({ id }) => publicId('Task', id),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);

builder.relayMutationField(
  'purgeTasks',
  {
    description: 'Identifies the tasks to purge.',
    inputFields: (t) => ({
      tasks: t.field({ type: [purge.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description: 'Deletes many tasks in the trash permanently, all or none, as `purgeTask` does. Idempotent.',
    resolve: (_root, { input }, { db, person }) => purgeTasks(db, person, input),
  },
  {
    description: 'The result of purging tasks.',
    outputFields: (t: PayloadFields<TasksChange>) => ({
      purgedTaskIds: t.idList({
        description: 'Ids of the tasks, which no longer exist, in the order of the input.',
        resolve: ({ ids }) => ids.map((id) => publicId('Task', id)),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);
