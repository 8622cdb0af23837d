import { queryFromInfo } from '@pothos/plugin-prisma';
import type { Event } from '../prisma/generated/client/client.ts';
import { NotFound } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import type { SharedPayload } from '../server/live/shared-payload.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { liveSource } from './machinery/live-source.ts';
import { Message } from './message.ts';
import { sharedMessage } from './machinery/loaders.ts';

interface Update extends SharedPayload {
  cursor: string;
  conversationId: string;
  messageId: string | null;
}

const MessageUpdate = builder.objectRef<Update>('MessageUpdate').implement({
  description: 'A payload of the `messages` subscription: a message, or only a new cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Log cursor. Pass the latest one as `after` to resume.',
    }),
    message: t.field({
      type: Message,
      nullable: true,
      description:
        'The message. Null in payloads that only advance the cursor: once the missed messages are delivered, and after many events that do not match. Also null if the message was deleted.',
      // A Prisma field would fail where no row is requested.
      resolve: ({ conversationId, messageId }, _args, context, info) => {
        if (messageId === null) return null;
        const query = queryFromInfo({ context, info, typeName: 'Message' });
        return sharedMessage(context.db, conversationId, messageId, query);
      },
    }),
  }),
});

builder.subscriptionField('messages', (t) =>
  t.field({
    type: MessageUpdate,
    description:
      'Messages of a conversation, in order. Fails with NOT_FOUND if the viewer is not a participant, and ends with it when the conversation is deleted. Fails with CURSOR_EXPIRED as `events` does.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'Which conversation.' }),
      after: t.arg.string({
        description:
          'Log cursor to resume from. Messages sent since then are delivered first, each exactly once. Without it, the subscription starts now.',
      }),
    },
    subscribe: async (_root, args, context) => {
      const { db, live, viewer } = context;
      const conversationId = uuidOf('Conversation', args.conversationId, 'conversationId');
      const where = { id: conversationId, AND: visible.conversation(viewer) };
      if (!(await db.conversation.findFirst({ where, select: { id: true } })))
        throw new NotFound('conversation', conversationId);
      const wants = (event: Event) => event.conversationId === conversationId;
      return liveSource<Update>(context, { after: args.after, wants }, ({ event, passed, rights }) => {
        if (!rights.conversations.has(conversationId)) throw new NotFound('conversation', conversationId);
        if (passed) return { cursor: live.cursorOf(passed), conversationId, messageId: null };
        if (event?.kind !== 'message.sent') return undefined;
        const cursor = live.cursorOf(event);
        return { cursor, conversationId, messageId: event.subjectId, sharedAs: cursor };
      });
    },
    resolve: payloadOf<Update>,
  }),
);
