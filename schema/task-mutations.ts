import {
  archiveTask,
  completeTask,
  createTask,
  createTasks,
  deleteTask,
  LARGEST_BATCH,
  moveTask,
  reopenTask,
  updateTask,
  updateTasks,
  type TaskChange,
  type TasksChange,
} from '../server/domain/task.ts';
import { outsidersOf } from '../server/domain/share.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { Priority, Status, Task, taskOf } from './task.ts';

const cursorDescription = 'The log’s position after the change.';

/** What every change of one task gives back: the task re-read with the client's selection. */
function taskPayload(t: PayloadFields<TaskChange>) {
  return {
    task: t.prismaField({
      type: Task,
      description: 'The task as it is now.',
      resolve: (query, { id, task }, _args, context) =>
        task && isOfColumns(query) ? task : taskOf(context.db, context.viewer, id, query),
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

function isOfColumns({ select = {} }: { select?: object | undefined }): boolean {
  return Object.values(select).every((wanted) => wanted === true);
}

/** The same for many tasks, re-read in one statement. */
function tasksPayload(t: PayloadFields<TasksChange>) {
  return {
    tasks: t.prismaField({
      type: [Task],
      description: 'The tasks as they are now, in the order of the input; without those deleted meanwhile.',
      resolve: async (query, { ids }, _args, { db, viewer }) => {
        const where = { id: { in: ids }, AND: visible.task(viewer) };
        const tasks = await db.task.findMany({ ...query, relationLoadStrategy: 'join', where });
        const byId = new Map(tasks.map((task) => [task.id, task]));
        return ids.flatMap((id) => byId.get(id) ?? []);
      },
    }),
    cursor: t.exposeString('cursor', { description: cursorDescription }),
  };
}

type InputFields = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>;

/** Which task to change, and the state of it that the change is based on. */
function reference(t: InputFields) {
  return {
    id: t.id({ required: true, description: 'Which task.' }),
    version: t.int({
      description:
        'The version that this is based on. If the task has another by now, and does not already say what is asked, CONFLICT, with what it says now in `extensions.current`: its own fields, and `ownerId`, `assigneeId`, `teamId`. Unchecked when left out.',
    }),
  };
}

const batchDescription = `1 to ${LARGEST_BATCH} tasks, each at most once.`;

const creation = builder.relayMutationField(
  'createTask',
  {
    description: 'A new task.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`task_` and a UUID of version 7), so that sending it twice creates once.',
      }),
      title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
      description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
      status: t.field({ type: Status, description: 'TODO when left out.' }),
      priority: t.field({ type: Priority, description: 'NONE when left out.' }),
      dueOn: t.field({ type: 'Date', description: 'The last day on which it is in time.' }),
      labels: t.stringList({ description: 'At most 20, of 1 to 50 characters.' }),
      assigneeId: t.id({
        description: 'Who is to do it: a member of the team, or, without a team, the viewer.',
      }),
      teamId: t.id({
        description: 'A team in which the viewer may create tasks; the viewer’s alone without one.',
      }),
      parentId: t.id({
        description:
          'A task that the viewer may edit, which this is part of; at most 10 lie one under the other.',
      }),
    }),
  },
  {
    description: 'Creates a task that the viewer owns, at the end of its list.',
    resolve: (_root, { input }, { db, person }) => createTask(db, person, input),
  },
  { description: 'The created task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'createTasks',
  {
    description: 'New tasks.',
    inputFields: (t) => ({
      tasks: t.field({ type: [creation.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description:
      'Creates many tasks, or none: a fault in one refuses all, and `field` names it, as in `tasks.3.title`.',
    resolve: (_root, { input }, { db, person }) => createTasks(db, person, input),
  },
  { description: 'The created tasks.', outputFields: tasksPayload },
);

const edit = builder.relayMutationField(
  'updateTask',
  {
    description:
      'New values for a task. What is left out stays as it is. Null is refused where a field cannot be empty.',
    inputFields: (t) => ({
      ...reference(t),
      title: t.string({ description: '1 to 200 characters on one line.' }),
      description: t.string({ description: 'Markdown, at most 10,000 characters.' }),
      status: t.field({ type: Status, description: 'How far it has come.' }),
      priority: t.field({ type: Priority, description: 'How much it matters.' }),
      dueOn: t.field({ type: 'Date', description: 'Null takes the day away.' }),
      labels: t.stringList({ description: 'All its labels from now on: at most 20, of 1 to 50 characters.' }),
      assigneeId: t.id({
        description:
          'A member of its team; without a team, its owner or a person it is shared with. Null clears it. Requires `viewerCan.assign`, except to take the task off yourself.',
      }),
      teamId: t.id({
        description: 'Another team; asks for `viewerCan.move`. Null makes it its owner’s alone.',
      }),
      parentId: t.id({
        description:
          'Another task that it is part of, which the viewer may edit. Null makes it stand by itself.',
      }),
    }),
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
          'How many people outside the task’s team still see it by a share, for example after it was moved into a team. 0 without a team, and for viewers outside of it. `Task.shares` lists the shares, and `revokeShare` ends one.',
        resolve: ({ id }, _args, { db, viewer }) => outsidersOf(db, viewer, id),
      }),
    }),
  },
);

builder.relayMutationField(
  'updateTasks',
  {
    description: 'New values for many tasks, each with its own.',
    inputFields: (t) => ({
      tasks: t.field({ type: [edit.inputType], required: true, description: batchDescription }),
    }),
  },
  {
    description:
      'Changes many tasks, or none: a fault in one refuses all, and `field` names it, as in `tasks.3.title`.',
    resolve: (_root, { input }, { db, person }) => updateTasks(db, person, input),
  },
  { description: 'The changed tasks.', outputFields: tasksPayload },
);

builder.relayMutationField(
  'completeTask',
  { description: 'Which task is done.', inputFields: reference },
  {
    description: 'Marks a task as DONE. One that is DONE already stays as it is.',
    resolve: (_root, { input }, { db, person }) => completeTask(db, person, input),
  },
  { description: 'The completed task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'reopenTask',
  { description: 'Which task is open again.', inputFields: reference },
  {
    description: 'Takes a DONE or CANCELLED task back to TODO. An open one stays as it is.',
    resolve: (_root, { input }, { db, person }) => reopenTask(db, person, input),
  },
  { description: 'The reopened task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'moveTask',
  {
    description: 'Where a task goes in its list: behind one task, ahead of another, or between the two.',
    inputFields: (t) => ({
      ...reference(t),
      after: t.id({ description: 'The task to go right behind.' }),
      before: t.id({ description: 'The task to go right ahead of.' }),
      status: t.field({
        type: Status,
        description: 'The status it gets with it, as on a board; as it is when left out.',
      }),
    }),
  },
  {
    description: 'Puts a task at another place among the tasks ordered by `POSITION`.',
    resolve: (_root, { input }, { db, person }) => moveTask(db, person, input),
  },
  { description: 'The moved task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'archiveTask',
  {
    description: 'Which task is put away.',
    inputFields: (t) => ({
      ...reference(t),
      archived: t.boolean({ description: 'False takes it out again; true when left out.' }),
    }),
  },
  {
    description:
      'Puts a task away, or takes it out again. An archived task counts nowhere, and keeps its status.',
    resolve: (_root, { input }, { db, person }) => archiveTask(db, person, input),
  },
  { description: 'The archived task.', outputFields: taskPayload },
);

builder.relayMutationField(
  'deleteTask',
  { description: 'Which task goes.', inputFields: reference },
  {
    description:
      'Deletes a task for good, with its shares and comments; its subtasks stay. Deleting it again is harmless.',
    resolve: (_root, { input }, { db, person }) => deleteTask(db, person, input),
  },
  {
    description: 'What is left of a deleted task.',
    outputFields: (t) => ({
      deletedTaskId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Task', id),
      }),
      cursor: t.exposeString('cursor', { description: cursorDescription }),
    }),
  },
);
