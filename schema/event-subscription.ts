import type { Event as EventRow } from '../prisma/generated/client/client.ts';
import { uuidOf } from '../server/ids.ts';
import { maySee } from '../server/live/event-rights.ts';
import type { Live } from '../server/live/live.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import type { SharedPayload } from '../server/live/shared-payload.ts';
import { builder } from './machinery/builder.ts';
import { Event, EventKind } from './event.ts';
import { liveSource } from './machinery/live-source.ts';

interface Update extends SharedPayload {
  cursor: string;
  event: EventRow | null;
}

const EventUpdate = builder.objectRef<Update>('EventUpdate').implement({
  description: 'A payload of the `events` subscription: an event, or only a new cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Log cursor. Pass the latest one as `after` to resume.',
    }),
    event: t.expose('event', {
      type: Event,
      nullable: true,
      description:
        'The event. Null in payloads that only advance the cursor: once the missed events are delivered, and after many events that do not match.',
    }),
  }),
});

const EventsFilter = builder.inputType('EventsFilter', {
  description: 'Filters events. An event must meet all given conditions. Null counts as omitted.',
  fields: (t) => ({
    kinds: t.field({ type: [EventKind], description: 'Events of one of these kinds.' }),
    teamId: t.id({ description: 'Events of this team.' }),
    taskId: t.id({ description: 'Events about this task, its shares and its comments.' }),
    conversationId: t.id({ description: 'Events of this conversation.' }),
  }),
});

type EventsFilter = typeof EventsFilter.$inferInput;

function matches({ kinds, teamId, taskId, conversationId }: EventsFilter): (event: EventRow) => boolean {
  const wanted = kinds == null ? null : new Set<string>(kinds);
  const team = teamId == null ? null : uuidOf('Team', teamId, 'filter.teamId');
  const task = taskId == null ? null : uuidOf('Task', taskId, 'filter.taskId');
  const conversation =
    conversationId == null ? null : uuidOf('Conversation', conversationId, 'filter.conversationId');
  return (event) =>
    (wanted === null || wanted.has(event.kind)) &&
    (team === null || event.teamId === team) &&
    (task === null || isAbout(event, task)) &&
    (conversation === null || event.conversationId === conversation);
}

/** Whether an event is about a task, its shares or its comments. */
export function isAbout({ subjectId, data }: EventRow, taskId: string): boolean {
  return subjectId === taskId || (data as { taskId?: string }).taskId === taskId;
}

builder.subscriptionField('events', (t) =>
  t.field({
    type: EventUpdate,
    description:
      'Events that the viewer may read in `activity`, in log order. Fails with CURSOR_EXPIRED if `after` is too old, belongs to another log or is more than 10,000 events behind.',
    args: {
      after: t.arg.string({
        description:
          'Log cursor to resume from. Events since then are delivered first, each exactly once. Without it, the subscription starts now.',
      }),
      filter: t.arg({ type: EventsFilter, description: 'Filter conditions.' }),
    },
    subscribe: (_root, { after, filter }, context) =>
      liveSource(context, { after, wants: matches(filter ?? {}) }, ({ event, passed, rights }) => {
        if (passed) return { cursor: context.live.cursorOf(passed), event: null };
        if (!event) return undefined;
        const visible = maySee(rights, event);
        const updateIf = (isVisible: boolean) => (isVisible ? updateOf(event, context.live) : undefined);
        return visible instanceof Promise ? visible.then(updateIf) : updateIf(visible);
      }),
    resolve: payloadOf<Update>,
  }),
);

const updates = new WeakMap<EventRow, Update>();

/** The same object for all subscribers, so that its serialized form can be shared. */
function updateOf(event: EventRow, live: Live): Update {
  const known = updates.get(event);
  if (known) return known;
  const cursor = live.cursorOf(event);
  const update = { cursor, event, sharedAs: cursor };
  updates.set(event, update);
  return update;
}
