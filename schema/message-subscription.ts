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
  description: 'What `messages` tells: one message, or how far it has come.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Give the latest one as `after` when subscribing again.',
    }),
    message: t.field({
      type: Message,
      nullable: true,
      description:
        'What was said; null in each subscription when all that was missed has been told, again after much that it is not told of, and where it is gone.',
      // A field of Prisma’s own would be an error where it asks for no row.
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
      'What is said in a conversation, in its order. NOT_FOUND where the viewer does not take part in it, and at the end, when it is deleted. CURSOR_EXPIRED as for `events`.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'Which conversation.' }),
      after: t.arg.string({
        description:
          'A cursor that an answer gave: what was said since comes first, nothing left out and nothing twice. Left out, it begins now.',
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
