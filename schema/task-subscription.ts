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
  description: 'A payload of the `task` subscription.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Log cursor. The task includes every change up to this position.',
    }),
    task: t.prismaField({
      type: Task,
      description: 'The current task. Changes in quick succession are merged into one payload.',
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
      'The current task, and again after each change to it, its shares or its comments. Fails with NOT_FOUND if the viewer cannot see the task, and ends with NOT_FOUND when the task is deleted or no longer visible.',
    args: { id: t.arg.id({ required: true, description: 'For example `task_01jd…`.' }) },
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
        if (!passed) await requireSight();
        const position = passed ?? event;
        if (position) cursor = live.cursorOf(position);
        return event ? { cursor, id, sharedAs: `${cursor} ${id}` } : { cursor, id };
      });
    },
    resolve: payloadOf<Update>,
  }),
);
