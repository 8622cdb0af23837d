import { queryFromInfo } from '@pothos/plugin-prisma';
import {
  archiveTask,
  completeTask,
  createTask,
  createTasks,
  LARGEST_BATCH,
  moveTask,
  reopenTask,
  updateTask,
  updateTasks,
  type TaskChange,
  type TaskCreation,
  type TaskEdit,
  type TasksChange,
} from '../server/domain/task.ts';
import { deleteTask, deleteTasks, LARGEST_DELETION } from '../server/domain/trash.ts';
import { TRASH_DAYS } from '../server/sql/trash.ts';
import { outsidersOf } from '../server/domain/share.ts';
import { publicId } from '../server/ids.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { columnsOnly } from './machinery/plugins/row-fields.ts';
import { selectsColumns } from './machinery/selection.ts';
import { Priority, Status, Task, taskOf, tasksOf } from './task.ts';

const cursorDescription = 'Log cursor after this change.';

/** Payload of a change to one task, read with the client's selection. */
export function taskPayload(t: PayloadFields<TaskChange>) {
  return {
    task: t.field({
      type: Task,
      description: 'The task after the change.',
      // The Prisma plugin's plan of the selection is needed only for a read.
      resolve: ({ id, task }, _args, context, info) =>
        task && selectsColumns(info)
          ? columnsOnly(task)
          : taskOf(context.db, context.viewer, id, queryFromInfo({ context, info })),
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

/** Payload of a change to many tasks, read in one statement. */
export function tasksPayload(t: PayloadFields<TasksChange>) {
  return {
    tasks: t.field({
      type: [Task],
      description:
        'The tasks after the change, in the order of the input. Tasks deleted in the meantime are left out.',
      resolve: ({ ids, tasks }, _args, context, info) =>
        tasks && selectsColumns(info)
          ? tasks.map(columnsOnly)
          : tasksOf(context.db, context.viewer, ids, queryFromInfo({ context, info })),
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

type InputFields = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>;

function reference(t: InputFields) {
  return {
    id: t.id({ required: true, description: 'Task id.' }),
    version: t.int({
      description:
        'Expected version, for optimistic locking. If the task has another version and does not already have the requested values, the mutation fails with CONFLICT, and `extensions.current` has the current values: the task’s own fields, `ownerId`, `assigneeId` and `teamId`. Without a version, no check is made.',
    }),
  };
}

const batchDescription = `1 to ${LARGEST_BATCH} tasks. Each task can appear once.`;

const creation = builder.relayMutationField(
  'createTask',
  {
    description: 'Properties of the new task.',
    inputFields: (t) =>
      ({
        id: t.id({
          description:
            'Client-generated id (`task_` and a UUID version 7). Makes retries safe: the same id creates one task.',
        }),
        title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
        description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
        status: t.field({ type: Status, description: 'Default: TODO.' }),
        priority: t.field({ type: Priority, description: 'Default: NONE.' }),
        dueOn: t.field({ type: 'Date', description: 'Due date, inclusive.' }),
        labels: t.stringList({ description: 'At most 20 labels of 1 to 50 characters.' }),
        assigneeId: t.id({
          description: 'Assignee. Must be a member of the team; for a personal task, only the viewer.',
        }),
        teamId: t.id({
          description:
            'Team of the task. Requires `viewerCan.createTask` on the team. Without a team, the task is personal.',
        }),
        parentId: t.id({
          description:
            'Parent task, which the viewer must be able to edit. Tasks can be nested at most 10 levels deep.',
        }),
      }) satisfies Record<keyof TaskCreation, unknown>,
  },
  {
    description: 'Creates a task owned by the viewer, at the end of the manual order.',
    resolve: (_root, { input }, { db, person }) => createTask(db, person, input),
  },
  { description: 'The created task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'createTasks',
  {
    description: 'Properties of the new tasks.',
    inputFields: (t) => ({
      tasks: t.field({ type: [creation.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description:
      'Creates many tasks, all or none. If one is invalid, none is created, and `field` names the error’s place, such as `tasks.3.title`.',
    resolve: (_root, { input }, { db, person }) => createTasks(db, person, input),
  },
  { description: 'The created tasks.', outputFields: tasksPayload },
);

const edit = builder.relayMutationField(
  'updateTask',
  {
    description:
      'New values for a task. Omitted fields do not change. Null is rejected for fields that cannot be empty.',
    inputFields: (t) =>
      ({
        ...reference(t),
        title: t.string({ description: '1 to 200 characters on one line.' }),
        description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
        status: t.field({ type: Status, description: 'New status.' }),
        priority: t.field({ type: Priority, description: 'New priority.' }),
        dueOn: t.field({ type: 'Date', description: 'Due date, inclusive. Null clears it.' }),
        labels: t.stringList({
          description:
            'All labels of the task; replaces the current ones. At most 20, of 1 to 50 characters.',
        }),
        assigneeId: t.id({
          description:
            'Assignee. Must be a member of the task’s team; for a personal task, its owner or a person it is shared with. Null clears it. Requires `viewerCan.assign`, except to unassign yourself.',
        }),
        teamId: t.id({
          description:
            'Moves the task to another team. Requires `viewerCan.move`. Null makes it a personal task.',
        }),
        parentId: t.id({
          description: 'Parent task, which the viewer must be able to edit. Null makes it a top-level task.',
        }),
        archived: t.boolean({
          description: 'True archives the task, as `archiveTask` does; false restores it.',
        }),
      }) satisfies Record<keyof TaskEdit, unknown>,
  },
  {
    description: 'Changes a task.',
    resolve: (_root, { input }, { db, person }) => updateTask(db, person, input),
  },
  {
    description: 'The changed task.',
    outputFields: (t: PayloadFields<TaskChange>) => ({
      ...taskPayload(t),
      stillSharedWith: t.int({
        description:
          'Number of people outside the task’s team who still have access through a share, for example after the task was moved to a team. 0 for personal tasks and for viewers outside the team. List the shares with `Task.shares`; end one with `revokeShare`.',
        resolve: ({ id }, _args, { db, viewer }) => outsidersOf(db, viewer, id),
      }),
    }),
  },
);

builder.relayMutationField(
  'updateTasks',
  {
    description: 'New values for many tasks.',
    inputFields: (t) => ({
      tasks: t.field({ type: [edit.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description:
      'Changes many tasks, all or none. If one change is invalid, none is applied, and `field` names the error’s place, such as `tasks.3.title`.',
    resolve: (_root, { input }, { db, person }) => updateTasks(db, person, input),
  },
  { description: 'The changed tasks.', outputFields: tasksPayload },
);

builder.relayMutationField(
  'completeTask',
  { description: 'The task to mark as DONE.', inputFields: reference },
  {
    description: 'Sets the status of a task to DONE. A task that is already DONE does not change.',
    resolve: (_root, { input }, { db, person }) => completeTask(db, person, input),
  },
  { description: 'The completed task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'reopenTask',
  { description: 'The task to set back to TODO.', inputFields: reference },
  {
    description: 'Sets the status of a DONE or CANCELLED task to TODO. An open task does not change.',
    resolve: (_root, { input }, { db, person }) => reopenTask(db, person, input),
  },
  { description: 'The reopened task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'moveTask',
  {
    description: 'The new position: after a task, before a task, or between two tasks.',
    inputFields: (t) => ({
      ...reference(t),
      after: t.id({ description: 'The task moves directly after this one.' }),
      before: t.id({ description: 'The task moves directly before this one.' }),
      status: t.field({
        type: Status,
        description: 'New status, for moves between the columns of a board. Default: unchanged.',
      }),
    }),
  },
  {
    description: 'Moves a task in the manual order, the one that `POSITION` sorts by.',
    resolve: (_root, { input }, { db, person }) => moveTask(db, person, input),
  },
  { description: 'The moved task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'archiveTask',
  {
    description: 'The task to archive or unarchive.',
    inputFields: (t) => ({
      ...reference(t),
      archived: t.boolean({ description: 'False unarchives the task. Default: true.' }),
    }),
  },
  {
    description:
      'Archives or unarchives a task. An archived task keeps its status but is excluded from all counts.',
    resolve: (_root, { input }, { db, person }) => archiveTask(db, person, input),
  },
  { description: 'The archived or unarchived task.', outputFields: taskPayload },
);

const deletion = builder.relayMutationField(
  'deleteTask',
  { description: 'Identifies the task to delete.', inputFields: reference },
  {
    description: `Moves a task to the trash, with its shares and comments. Its subtasks remain. It can be restored with \`restoreTask\` for ${TRASH_DAYS} days, and then is deleted permanently. Idempotent.`,
    resolve: (_root, { input }, { db, person }) => deleteTask(db, person, input),
  },
  {
    description: 'The result of deleting a task.',
    outputFields: (t) => ({
      deletedTaskId: t.id({
        description: 'Id of the task, which is in the trash now.',
        resolve: ({ id }) => publicId('Task', id),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);

builder.relayMutationField(
  'deleteTasks',
  {
    description: 'Identifies the tasks to delete.',
    inputFields: (t) => ({
      tasks: t.field({
        type: [deletion.inputType],
        required: true,
        description: `1 to ${LARGEST_DELETION} tasks. Each task can appear once.`,
      }),
    }),
  },
  {
    description: 'Moves many tasks to the trash, all or none, as `deleteTask` does. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteTasks(db, person, input),
  },
  {
    description: 'The result of deleting tasks.',
    outputFields: (t: PayloadFields<TasksChange>) => ({
      deletedTaskIds: t.idList({
        description: 'Ids of the tasks, which are in the trash now, in the order of the input.',
        resolve: ({ ids }) => ids.map((id) => publicId('Task', id)),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);
