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

const TaskRights = builder
  .objectRef<(action: TaskAction) => boolean | Promise<boolean>>('TaskRights')
  .implement({
    description: 'What the viewer may do with a task.',
    fields: (t) => ({
      edit: t.boolean({
        description: 'Change, complete, reopen and archive it, and put it at another place of its list.',
        resolve: (mayDo) => mayDo('task.edit'),
      }),
      comment: t.boolean({ description: 'Comment on it.', resolve: (mayDo) => mayDo('task.comment') }),
      delete: t.boolean({ description: 'Delete it for good.', resolve: (mayDo) => mayDo('task.delete') }),
      share: t.boolean({
        description: 'Show it to others, and take that back.',
        resolve: (mayDo) => mayDo('task.share'),
      }),
      assign: t.boolean({
        description:
          'Assign it to another person. A viewer who may edit it can always take it off themselves.',
        resolve: (may) => may('task.assign'),
      }),
      move: t.boolean({
        description: 'Put it into another team of the viewer’s; its owner also takes it out of its team.',
        resolve: (mayDo) => mayDo('task.move'),
      }),
    }),
  });

export const Task = builder.prismaNode('Task', {
  description: 'Something to be done.',
  id: { field: 'id', description: 'Starts with `task_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.task(viewer) }),
  select: { id: true },
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
    labels: t.exposeStringList('labels', {
      description: 'Words to find it by: at most 20, of at most 50 characters, each once.',
    }),
    position: t.exposeString('position', {
      description:
        'Its place among others: ordered by `POSITION` they stand as people moved them. Opaque; `moveTask` changes it.',
    }),
    owner: t.relation('owner', { description: 'Who it belongs to.' }),
    assignee: t.relation('assignee', {
      nullable: true,
      description: 'Who is to do it; null where nobody is.',
    }),
    team: t.field({
      type: getRefFromModel('Team', builder),
      nullable: true,
      description:
        'Whose it is besides; null where it is its owner’s alone, or the viewer is not in that team.',
      select: (_args, _context, nested) => ({ team: nested(true) }),
      resolve: ({ team }, _args, { viewer }) => (team && viewer.teams.has(team.id) ? team : null),
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it first became IN_PROGRESS; null where it never did.',
    }),
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
      select: placement,
      resolve: (task, _args, context) => (action: TaskAction) => may(context, action, task),
    }),
  }),
});

builder.prismaObjectFields(Task, (t) => ({
  parent: t.field({
    type: Task,
    nullable: true,
    description: 'The task that it is part of; null where there is none that the viewer may see.',
    select: (_args, _context, nested) => ({ parent: nested({ select: placement }) }),
    resolve: async ({ parent }, _args, context) => (parent && (await sees(context, parent)) ? parent : null),
  }),
  subtasks: pagedRelation(t, 'subtasks', {
    type: Task,
    description: 'The tasks that it is made up of, in the order of their positions.',
    where: (_args, { viewer }) => ({ archivedAt: null, AND: visible.task(viewer) }),
    order: () => [{ field: 'position', direction: 'asc', value: z.string() }],
    page: 'A page of subtasks.',
    edge: 'A subtask at its place of the list.',
  }),
}));

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
export async function taskOf(db: Database, viewer: Viewer, id: string, query: object) {
  const task = await db.task.findUnique({
    ...query,
    relationLoadStrategy: 'join',
    where: { id, AND: visible.task(viewer) },
  });
  if (!task) throw new NotFound('task', id);
  return task;
}
