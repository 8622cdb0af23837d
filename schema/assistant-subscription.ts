import type { AssistantReply as ReplyRow, Event } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import { payloadOf } from '../server/live/payload-stream.ts';
import { visible } from '../server/policy.ts';
import { AssistantReply } from './assistant.ts';
import { builder } from './machinery/builder.ts';
import { liveSource } from './machinery/live-source.ts';

interface Update {
  cursor: string;
  reply: ReplyRow | null;
}

const ReplyUpdate = builder.objectRef<Update>('AssistantReplyUpdate').implement({
  description: 'A payload of the `assistantReply` subscription.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Log cursor of the last event that was read. Pass the latest one as `after` to resume.',
    }),
    reply: t.field({
      type: AssistantReply,
      nullable: true,
      description: 'The latest reply, as it is now. Null if there is none.',
      resolve: ({ reply }) => reply,
    }),
  }),
});

/** While a reply is written, its text is read this often. */
const WRITING_EVERY_MS = 300;

builder.subscriptionField('assistantReply', (t) =>
  t.field({
    type: ReplyUpdate,
    description:
      'The reply that the assistant is writing in a conversation, and again whenever its text, its tool calls or its state change, at most four times per second. Fails with NOT_FOUND if the viewer is not a participant. Fails with CURSOR_EXPIRED as `events` does.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'The conversation with the assistant.' }),
      after: t.arg.string({
        description: 'Log cursor to resume from. Without it, the subscription starts now.',
      }),
    },
    subscribe: async (_root, args, context) => {
      const { db, live, viewer } = context;
      const conversationId = uuidOf('Conversation', args.conversationId, 'conversationId');
      const where = { id: conversationId, AND: visible.conversation(viewer) };
      if (!(await db.conversation.findFirst({ where, select: { id: true } })))
        throw new NotFound('conversation', conversationId);
      const wants = (event: Event) => event.conversationId === conversationId;
      let isWriting = true;
      let sent = '';
      let cursor = '';
      const clock = (reconsider: () => void) => {
        const timer = setInterval(() => {
          if (isWriting) reconsider();
        }, WRITING_EVERY_MS);
        return () => {
          clearInterval(timer);
        };
      };
      const options = { after: args.after, wants, clock, coalesceMs: WRITING_EVERY_MS };
      return liveSource<Update>(context, options, async ({ event, passed, rights }) => {
        if (!rights.conversations.has(conversationId)) throw new NotFound('conversation', conversationId);
        const position = event ?? passed;
        if (position) cursor = live.cursorOf(position);
        const reply = await latestReply(db, conversationId);
        isWriting = reply?.state === 'PENDING';
        const text = JSON.stringify(reply, shown);
        if (text === sent || cursor === '') return undefined;
        sent = text;
        return { cursor, reply };
      });
    },
    resolve: payloadOf<Update>,
  }),
);

/** Without what the server changes for itself. */
function shown(name: string, value: unknown): unknown {
  if (['place', 'lease', 'leasedUntil', 'attempts'].includes(name)) return undefined;
  return value;
}

/** The one that is written, or else the newest. */
async function latestReply(db: Database, conversationId: string): Promise<ReplyRow | null> {
  const pending = { conversationId, state: 'PENDING' } as const;
  return (
    (await db.assistantReply.findFirst({ where: pending, orderBy: { place: 'asc' } })) ??
    db.assistantReply.findFirst({ where: { conversationId }, orderBy: { place: 'desc' } })
  );
}
