import { getRefFromModel } from '@pothos/plugin-prisma';
import { z } from 'zod';
import type { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { placement, visible, type TaskAction, type Viewer } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { may, sees } from './task-rights.ts';

export const Status = builder.enumType('TaskStatus', {
  description: 'Progress of a task. TODO and IN_PROGRESS count as pending.',
  values: {
    TODO: { description: 'Work has not started.' },
    IN_PROGRESS: { description: 'Work has started.' },
    DONE: { description: 'Completed. `completedAt` has the time.' },
    CANCELLED: { description: 'Cancelled. Neither pending nor completed.' },
  } satisfies Record<TaskStatus, object>,
});

export const Priority = builder.enumType('TaskPriority', {
  description: 'Priority of a task, from NONE to URGENT.',
  values: {
    NONE: { description: 'No priority set. The default.' },
    LOW: { description: 'Low priority.' },
    MEDIUM: { description: 'Medium priority.' },
    HIGH: { description: 'High priority.' },
    URGENT: { description: 'Highest priority.' },
  } satisfies Record<TaskPriority, object>,
});

const TaskRights = builder
  .objectRef<(action: TaskAction) => boolean | Promise<boolean>>('TaskRights')
  .implement({
    description: 'What the viewer may do with a task.',
    fields: (t) => ({
      edit: t.boolean({
        description: 'Change, complete, reopen, archive and move it within a list.',
        resolve: (mayDo) => mayDo('task.edit'),
      }),
      comment: t.boolean({ description: 'Comment on it.', resolve: (mayDo) => mayDo('task.comment') }),
      delete: t.boolean({
        description: 'Delete it, and restore or purge it in the trash.',
        resolve: (mayDo) => mayDo('task.delete'),
      }),
      share: t.boolean({
        description: 'Share it and revoke its shares.',
        resolve: (mayDo) => mayDo('task.share'),
      }),
      assign: t.boolean({
        description:
          'Assign it to another person. A viewer who may edit the task can always unassign themselves.',
        resolve: (may) => may('task.assign'),
      }),
      move: t.boolean({
        description:
          'Move it to another team the viewer belongs to. Its owner can also remove it from its team.',
        resolve: (mayDo) => mayDo('task.move'),
      }),
    }),
  });

export const Task = builder.prismaNode('Task', {
  description: 'A task. It is personal or belongs to a team.',
  id: { field: 'id', description: 'Starts with `task_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.task(viewer) }),
  select: { id: true },
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 200 characters on one line.' }),
    description: t.exposeString('description', {
      description: 'Markdown, at most 10,000 characters. Can be empty.',
    }),
    status: t.expose('status', { type: Status, description: 'Current status.' }),
    priority: t.expose('priority', { type: Priority, description: 'Current priority.' }),
    dueOn: t.expose('dueOn', {
      type: 'Date',
      nullable: true,
      description: 'Due date, inclusive.',
    }),
    labels: t.exposeStringList('labels', {
      description: 'Labels without duplicates. At most 20, of at most 50 characters each.',
    }),
    position: t.exposeString('position', {
      description:
        'Position in the manual order, an opaque string. Sort by `POSITION`; change it with `moveTask`.',
    }),
    owner: t.relation('owner', { description: 'The person who owns the task.' }),
    assignee: t.relation('assignee', {
      nullable: true,
      description: 'The person responsible for the task. Null if unassigned.',
    }),
    team: t.field({
      type: getRefFromModel('Team', builder),
      nullable: true,
      description: 'Its team. Null for a personal task, or if the viewer is not a member of the team.',
      select: (_args, _context, nested) => ({ team: nested(true) }),
      resolve: ({ team }, _args, { viewer }) => (team && viewer.teams.has(team.id) ? team : null),
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the task first became IN_PROGRESS. Null if it never did.',
    }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the task last became DONE. Null in any other status.',
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the task was archived. Archived tasks are excluded from all counts.',
    }),
    version: t.exposeInt('version', {
      description:
        'Increases with each change. Send it with an update to avoid overwriting another person’s change.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Time of the last change.' }),
    viewerCan: t.field({
      type: TaskRights,
      description: 'What the viewer may do with the task.',
      select: placement,
      resolve: (task, _args, context) => (action: TaskAction) => may(context, action, task),
    }),
  }),
});

builder.prismaObjectFields(Task, (t) => ({
  parent: t.field({
    type: Task,
    nullable: true,
    description: 'The parent task. Null if there is none that the viewer can see.',
    select: (_args, _context, nested) => ({ parent: nested({ select: placement }) }),
    resolve: async ({ parent }, _args, context) => (parent && (await sees(context, parent)) ? parent : null),
  }),
  subtasks: pagedRelation(t, 'subtasks', {
    type: Task,
    description: 'Subtasks, in manual order.',
    where: (_args, { viewer }) => ({ archivedAt: null, AND: visible.task(viewer) }),
    order: () => [{ field: 'position', direction: 'asc', value: z.string() }],
    page: 'A page of subtasks.',
    edge: 'An edge in a page of subtasks.',
  }),
}));

builder.queryField('task', (t) =>
  t.prismaField({
    type: Task,
    nullable: true,
    description: 'A task by id. Fails with NOT_FOUND if the viewer cannot see it.',
    args: { id: t.arg.id({ required: true, description: 'For example `task_01jd…`.' }) },
    resolve: (query, _root, { id }, { db, viewer }) => taskOf(db, viewer, uuidOf('Task', id), query),
  }),
);

/** @throws NotFound if the viewer cannot see the task. */
export async function taskOf(db: Database, viewer: Viewer, id: string, query: object) {
  const task = await db.task.findFirst({
    ...query,
    relationLoadStrategy: 'join',
    where: { id, AND: visible.task(viewer) },
  });
  if (!task) throw new NotFound('task', id);
  return task;
}

/** In the order of the ids, without those that are not visible. */
export async function tasksOf(db: Database, viewer: Viewer, ids: string[], query: object) {
  const where = { id: { in: ids }, AND: visible.task(viewer) };
  const tasks = await db.task.findMany({ ...query, relationLoadStrategy: 'join', where });
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
