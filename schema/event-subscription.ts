import type { Event as EventRow } from '../prisma/generated/client/client.ts';
import { uuidOf } from '../server/ids.ts';
import type { Live } from '../server/live/live.ts';
import type { SubscriberRights } from '../server/live/subscriber.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import { sharedTaskOf, wasSharedWith } from '../server/live/task-shares.ts';
import type { SharedPayload } from '../server/live/shared-payload.ts';
import { seesEvent } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { Event, EventKind } from './event.ts';
import { liveSource } from './machinery/live-source.ts';

interface Update extends SharedPayload {
  cursor: string;
  event: EventRow | null;
}

const EventUpdate = builder.objectRef<Update>('EventUpdate').implement({
  description: 'What `events` tells: one event, or how far it has come.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Give the latest one as `after` when subscribing again.',
    }),
    event: t.expose('event', {
      type: Event,
      nullable: true,
      description:
        'What happened; null in each subscription when all that was missed has been told, and again after much that it is not told of.',
    }),
  }),
});

const EventsFilter = builder.inputType('EventsFilter', {
  description: 'Which events; all conditions given must hold. Null counts as left out.',
  fields: (t) => ({
    kinds: t.field({ type: [EventKind], description: 'Of one of these kinds.' }),
    teamId: t.id({ description: 'Those that this team’s members read of.' }),
    taskId: t.id({ description: 'Those about this task, its shares and comments.' }),
    conversationId: t.id({ description: 'Those that this conversation’s participants read of.' }),
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

/** Whether an event is about a task, also by way of a share or a comment. */
export function isAbout({ subjectId, data }: EventRow, taskId: string): boolean {
  return subjectId === taskId || (data as { taskId?: string }).taskId === taskId;
}

builder.subscriptionField('events', (t) =>
  t.field({
    type: EventUpdate,
    description:
      'What happens, in the order of the log, as far as the viewer may read of it in `activity`. CURSOR_EXPIRED where `after` is too old, of another log, or more than 10,000 events ago.',
    args: {
      after: t.arg.string({
        description:
          'A cursor that an answer gave: what happened since comes first, nothing left out and nothing twice. Left out, it begins now.',
      }),
      filter: t.arg({ type: EventsFilter, description: 'Only these.' }),
    },
    subscribe: (_root, { after, filter }, context) =>
      liveSource(context, { after, wants: matches(filter ?? {}) }, ({ event, passed, rights }) => {
        if (passed) return { cursor: context.live.cursorOf(passed), event: null };
        if (!event) return undefined;
        const told = isTold(rights, event);
        const updateIf = (isToldOf: boolean) => (isToldOf ? updateOf(event, context.live) : undefined);
        return told instanceof Promise ? told.then(updateIf) : updateIf(told);
      }),
    resolve: payloadOf<Update>,
  }),
);

/** Whether a person is told of an event; of one about a task of others, by the share that they hold of it. */
function isTold(
  { viewer, conversations, shares }: SubscriberRights,
  event: EventRow,
): boolean | Promise<boolean> {
  if (seesEvent(viewer, conversations, event, wasSharedWith(viewer.userId, event))) return true;
  const taskId = sharedTaskOf(event);
  const share = taskId === null ? null : shares.of(taskId);
  return share instanceof Promise ? share.then((held) => held !== null) : share !== null;
}

const updates = new WeakMap<EventRow, Update>();

/** One and the same for everybody who is told of the event. */
function updateOf(event: EventRow, live: Live): Update {
  const known = updates.get(event);
  if (known) return known;
  const cursor = live.cursorOf(event);
  const update = { cursor, event, sharedAs: cursor };
  updates.set(event, update);
  return update;
}
