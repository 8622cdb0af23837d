import type { Event } from '../prisma/generated/client/client.ts';
import { NotFound } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import type { SharedPayload } from '../server/live/shared-payload.ts';
import { builder } from './machinery/builder.ts';
import { isAbout } from './event-subscription.ts';
import { liveSource } from './machinery/live-source.ts';
import { sharedTask } from './machinery/loaders.ts';
import { Task } from './task.ts';

interface Update extends SharedPayload {
  cursor: string;
  id: string;
}

const TaskUpdate = builder.objectRef<Update>('TaskUpdate').implement({
  description: 'What `task` tells: a task as it is now.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'A position of the log that the task is no older than.',
    }),
    task: t.prismaField({
      type: Task,
      description: 'The task. Changes that come faster than they are read are told as one.',
      resolve: async (query, { id }, _args, context) => {
        const task = await sharedTask(context, id, query);
        if (!task) throw new NotFound('task', id);
        return task;
      },
    }),
  }),
});

builder.subscriptionField('task', (t) =>
  t.field({
    type: TaskUpdate,
    description:
      'One task: as it is, and again after each change of it, of its shares and of its comments. NOT_FOUND where there is none that the viewer may see; it ends with that when the task is deleted, or out of the viewer’s sight.',
    args: { id: t.arg.id({ required: true, description: 'Like `task_01jd…`.' }) },
    subscribe: async (_root, args, context) => {
      const { live } = context;
      const id = uuidOf('Task', args.id);
      const requireSight = async () => {
        if (!(await sharedTask(context, id, {}))) throw new NotFound('task', id);
      };
      await requireSight();
      const options = { wants: (event: Event) => isAbout(event, id), topics: [id], coalesceMs: 0 };
      let cursor = '';
      return liveSource<Update>(context, options, async ({ event, passed }) => {
        // It was seen just before.
        if (!passed) await requireSight();
        const position = passed ?? event;
        if (position) cursor = live.cursorOf(position);
        return event ? { cursor, id, sharedAs: `${cursor} ${id}` } : { cursor, id };
      });
    },
    resolve: payloadOf<Update>,
  }),
);
