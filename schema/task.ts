import { queryFromInfo } from '@pothos/plugin-prisma';
import { z } from 'zod';
import type { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import { type Prisma } from '../prisma/generated/client/client.ts';
import {
  completeTask,
  createTask,
  deleteTask,
  reopenTask,
  updateTask,
  type TaskChange,
} from '../server/domain/task.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound } from '../server/errors.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import { can, liveShares, visible, type TaskAction, type Viewer } from '../server/policy.ts';
import { builder, nodesOf, type PayloadFields } from './builder.ts';
import { page } from './connection.ts';

export const Status = builder.enumType('TaskStatus', {
  description: 'How far a task has come. TODO and IN_PROGRESS count as pending.',
  values: {
    TODO: { description: 'Not begun.' },
    IN_PROGRESS: { description: 'Somebody is at it.' },
    DONE: { description: 'Completed; the task has a `completedAt`.' },
    CANCELLED: { description: 'Given up; neither pending nor completed.' },
  } satisfies Record<TaskStatus, object>,
});

export const Priority = builder.enumType('TaskPriority', {
  description: 'How much a task matters.',
  values: {
    NONE: { description: 'Not weighed yet; what a new task has.' },
    LOW: { description: 'When there is time.' },
    MEDIUM: { description: 'In its turn.' },
    HIGH: { description: 'Ahead of others.' },
    URGENT: { description: 'Before anything else.' },
  } satisfies Record<TaskPriority, object>,
});

const TaskRights = builder.objectRef<(action: TaskAction) => boolean>('TaskRights').implement({
  description: 'What the viewer may do with a task.',
  fields: (t) => ({
    edit: t.boolean({ description: 'Change, complete and reopen it.', resolve: (may) => may('edit') }),
    delete: t.boolean({ description: 'Delete it for good.', resolve: (may) => may('delete') }),
    share: t.boolean({
      description: 'Show it to others, and take that back.',
      resolve: (may) => may('share'),
    }),
  }),
});

const Task = builder.prismaNode('Task', {
  description: 'Something to be done.',
  id: { field: 'id', description: 'Starts with `task_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.task(viewer) }),
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 200 characters on one line.' }),
    description: t.exposeString('description', {
      description: 'Markdown, at most 10,000 characters; may be empty.',
    }),
    status: t.expose('status', { type: Status, description: 'How far it has come.' }),
    priority: t.expose('priority', { type: Priority, description: 'How much it matters.' }),
    dueOn: t.expose('dueOn', {
      type: 'Date',
      nullable: true,
      description: 'The last day on which it is in time.',
    }),
    owner: t.relation('owner', { description: 'Who it belongs to.' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last became DONE; null in any other status.',
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was put away; an archived task counts nowhere.',
    }),
    version: t.exposeInt('version', {
      description:
        'Grows with each change. Send it along with an edit, and nobody’s change is overwritten unseen.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    viewerCan: t.field({
      type: TaskRights,
      description: 'What the viewer may do with it.',
      select: (_args, { viewer }) => ({ ownerId: true, shares: { where: liveShares(viewer) } }),
      resolve:
        (task, _args, { viewer }) =>
        (action: TaskAction) =>
          can(viewer, action, task),
    }),
  }),
});

nodesOf('Task', (ids, query, { db, viewer }) =>
  db.task.findMany({ ...query, where: { id: { in: ids }, AND: visible.task(viewer) } }),
);

const TaskStatusFilter = builder.inputType('TaskStatusFilter', {
  description: 'Which statuses; all conditions given must hold.',
  fields: (t) => ({
    eq: t.field({ type: Status, description: 'This one.' }),
    in: t.field({ type: [Status], description: 'One of these.' }),
    notIn: t.field({ type: [Status], description: 'None of these.' }),
  }),
});

const TaskFilter = builder.inputType('TaskFilter', {
  description: 'Which tasks; all conditions given must hold.',
  fields: (t) => ({
    status: t.field({ type: TaskStatusFilter, description: 'By how far they have come.' }),
  }),
});

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of a list comes first.',
  values: {
    ASC: { value: 'asc', description: 'Smallest, or earliest, first.' },
    DESC: { value: 'desc', description: 'Greatest, or latest, first.' },
  } as const,
});

const TaskOrderField = builder.enumType('TaskOrderField', {
  description: 'What a list of tasks is ordered by.',
  values: {
    CREATED_AT: { value: 'createdAt', description: 'When they were created.' },
    UPDATED_AT: { value: 'updatedAt', description: 'When they last changed.' },
  } as const,
});

const TaskOrder = builder.inputType('TaskOrder', {
  description: 'The order of a list of tasks. Where two are equal, their ids decide.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderField, required: true, description: 'By what.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'desc',
      description: 'Which way.',
    }),
  }),
});

builder.queryField('task', (t) =>
  t.prismaField({
    type: Task,
    nullable: true,
    description: 'One task; NOT_FOUND where there is none that the viewer may see.',
    args: { id: t.arg.id({ required: true, description: 'Like `task_01jd…`.' }) },
    resolve: (query, _root, { id }, { db, viewer }) => taskOf(db, viewer, uuidOf('Task', id), query),
  }),
);

/** @throws NotFound where there is no such task that the viewer may see, also since a moment ago. */
async function taskOf(db: Database, viewer: Viewer, id: string, query: object) {
  const task = await db.task.findUnique({ ...query, where: { id, AND: visible.task(viewer) } });
  if (!task) throw new NotFound('task');
  return task;
}

/** PostgreSQL's calendar has no year 0, which a cursor that somebody made up can name. */
const moment = z.iso
  .datetime()
  .transform((value) => new Date(value))
  .refine((value) => value >= new Date('0001-01-01'));

builder.queryField('tasks', (t) =>
  t.connection(
    {
      type: Task,
      description:
        'The tasks that the viewer may see, the latest created first unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: TaskFilter, description: 'Only these.' }),
        orderBy: t.arg({ type: TaskOrder, description: 'In this order.' }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const { db, viewer } = context;
        const { field, direction } = orderBy ?? { field: 'createdAt', direction: 'desc' };
        const tasks = page(args, [{ field, direction, value: moment }]);
        const seen: Prisma.TaskWhereInput = { AND: [visible.task(viewer), matching(filter)] };
        const selection = queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] });
        const rows = await db.task.findMany({
          ...selection,
          where: { AND: [seen, tasks.where] },
          orderBy: tasks.orderBy,
          take: tasks.take,
        });
        return { ...tasks.connection(rows), totalCount: () => db.task.count({ where: seen }) };
      },
    },
    { name: 'TaskConnection', description: 'A page of tasks.' },
    { name: 'TaskEdge', description: 'A task at its place of a list.' },
  ),
);

function matching(filter: typeof TaskFilter.$inferInput | null | undefined): Prisma.TaskWhereInput {
  const status = filter?.status;
  if (!status) return {};
  const conditions: Prisma.TaskWhereInput[] = [];
  if (status.eq) conditions.push({ status: status.eq });
  if (status.in) conditions.push({ status: { in: status.in } });
  if (status.notIn) conditions.push({ status: { notIn: status.notIn } });
  return { AND: conditions };
}

/** What every mutation of one task gives back: the task re-read with the client's selection. */
function taskPayload(t: PayloadFields<TaskChange>) {
  return {
    task: t.prismaField({
      type: Task,
      description: 'The task as it is now.',
      resolve: (query, { id }, _args, { db, viewer }) => taskOf(db, viewer, id, query),
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

const versionDescription =
  'The version that this is based on; CONFLICT if the task has another by now. Unchecked when left out.';

builder.relayMutationField(
  'createTask',
  {
    description: 'A new task.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`task_` and a UUID of version 7), so that sending it twice creates once.',
      }),
      title: t.string({ required: true, description: '1 to 200 characters.' }),
      description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
      status: t.field({ type: Status, description: 'TODO when left out.' }),
      priority: t.field({ type: Priority, description: 'NONE when left out.' }),
      dueOn: t.field({ type: 'Date', description: 'The last day on which it is in time.' }),
    }),
  },
  {
    description: 'Creates a task that the viewer owns.',
    resolve: (_root, { input }, { db, viewer }) => createTask(db, viewer, input),
  },
  { description: 'The created task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'updateTask',
  {
    description: 'New values for a task. What is left out stays as it is.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which task.' }),
      version: t.int({ description: versionDescription }),
      title: t.string({ description: '1 to 200 characters.' }),
      description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
      status: t.field({ type: Status, description: 'How far it has come.' }),
      priority: t.field({ type: Priority, description: 'How much it matters.' }),
      dueOn: t.field({ type: 'Date', description: 'Null takes the day away.' }),
    }),
  },
  {
    description: 'Changes a task.',
    resolve: (_root, { input }, { db, viewer }) => updateTask(db, viewer, input),
  },
  { description: 'The changed task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'completeTask',
  {
    description: 'Which task is done.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which task.' }),
      version: t.int({ description: versionDescription }),
    }),
  },
  {
    description: 'Marks a task as DONE. One that is DONE already stays as it is.',
    resolve: (_root, { input }, { db, viewer }) => completeTask(db, viewer, input),
  },
  { description: 'The completed task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'reopenTask',
  {
    description: 'Which task is open again.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which task.' }),
      version: t.int({ description: versionDescription }),
    }),
  },
  {
    description: 'Takes a DONE or CANCELLED task back to TODO. An open one stays as it is.',
    resolve: (_root, { input }, { db, viewer }) => reopenTask(db, viewer, input),
  },
  { description: 'The reopened task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'deleteTask',
  {
    description: 'Which task goes.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which task.' }),
      version: t.int({ description: versionDescription }),
    }),
  },
  {
    description: 'Deletes a task for good, with its shares. Deleting it again is harmless.',
    resolve: (_root, { input }, { db, viewer }) => deleteTask(db, viewer, input),
  },
  {
    description: 'What is left of a deleted task.',
    outputFields: (t) => ({
      deletedTaskId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Task', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
