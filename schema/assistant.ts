import type { AssistantReply as ReplyRow } from '../prisma/generated/client/client.ts';
import { COMMANDS } from '../server/assistant/command-words.ts';
import { openAssistantConversation, retryReply, stopReply } from '../server/domain/assistant.ts';
import type { Change } from '../server/domain/change.ts';
import type { TOOL_CALL_STATES } from '../server/domain/tool-call.ts';
import { toolCallsOf, type ReplyFault, type ToolCall as Call } from '../server/domain/tool-call.ts';
import type { Context } from '../server/graphql/context.ts';
import { uuidOf } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { Approval } from './approval.ts';
import { Conversation, conversationPayload } from './conversation.ts';
import { namedObject } from './event.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { batched } from './machinery/loaders.ts';
import { Message } from './message.ts';

const ToolCallState = builder.enumType('ToolCallState', {
  description: 'State of a tool call of the assistant.',
  values: {
    RUNNING: { description: 'There is no result yet.' },
    DONE: { description: 'It was successful.' },
    REFUSED: {
      description: 'It failed, for example because the person may not do this. `summary` says why.',
    },
    WAITING: { description: 'Nothing has happened yet: the person must approve it.' },
  } satisfies Record<(typeof TOOL_CALL_STATES)[number], object>,
});

const ToolCallTask = builder.objectRef<Call['tasks'][number]>('ToolCallTask').implement({
  description: 'A task in the result of a tool call, as it was then.',
  fields: (t) => ({
    taskId: t.exposeID('id', { description: 'Id of the task. The viewer may no longer see it.' }),
    title: t.exposeString('title', { description: 'Its title then.' }),
  }),
});

const ToolCall = builder.objectRef<Call>('ToolCall').implement({
  description:
    'A call of a tool by the assistant, with the rights of the person. The tools are those of `/mcp`.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the tool, such as `create_tasks`.' }),
    arguments: t.field({
      type: 'JSON',
      description: 'As the tool received them, by name.',
      resolve: (call) => call.arguments,
    }),
    state: t.field({ type: ToolCallState, description: 'Current state.', resolve: ({ state }) => state }),
    summary: t.exposeString('summary', {
      description: 'What came out, on one line: titles of tasks, or an error. Can be empty.',
    }),
    tasks: t.field({
      type: [ToolCallTask],
      description: 'Tasks in the result, at most 100, in its order.',
      resolve: ({ tasks }) => tasks,
    }),
    approval: t.field({
      type: Approval,
      nullable: true,
      description: 'What the person has to approve. Null if nothing waits, and a day after it expired.',
      resolve: ({ approvalId }, _args, context, info) =>
        namedObject(
          context,
          info,
          'Approval',
          approvalId === undefined ? null : uuidOf('Approval', approvalId),
        ),
    }),
  }),
});

const ReplyState = builder.enumType('AssistantReplyState', {
  description: 'State of the assistant’s reply to a message.',
  values: {
    PENDING: { description: 'It is being written, or waits for earlier replies.' },
    DONE: { description: 'It is a message now.' },
    FAILED: { description: 'There is none. `retryReply` has it tried again.' },
    STOPPED: { description: 'The person stopped it. What was written is a message.' },
  } satisfies Record<ReplyRow['state'], object>,
});

const Fault = builder.objectRef<ReplyFault>('AssistantFault').implement({
  description: 'Why the assistant did not reply.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        '`MODEL_UNREACHABLE`, `MODEL_FAILED`, `MODEL_SILENT`, `TOKENS_SPENT`, `NO_MODEL` or `INTERNAL`.',
    }),
    message: t.exposeString('message', { description: 'The same as a sentence that says how to go on.' }),
  }),
});

export const AssistantReply = builder.objectRef<ReplyRow>('AssistantReply').implement({
  description: 'The assistant’s reply to a message, while it is written and afterwards.',
  fields: (t) => ({
    messageId: t.globalID({
      description: 'Id of the message that it replies to.',
      resolve: ({ messageId }) => ({ type: 'Message', id: messageId }),
    }),
    replyId: t.globalID({
      description: 'Id of the message that it becomes, also before that.',
      resolve: ({ replyId }) => ({ type: 'Message', id: replyId }),
    }),
    state: t.field({ type: ReplyState, description: 'Current state.', resolve: ({ state }) => state }),
    content: t.exposeString('content', {
      description: 'What is written so far, as Markdown. Empty once it is a message.',
    }),
    calls: t.field({
      type: [ToolCall],
      description: 'Tool calls so far, at most 30. Empty once it is a message, which has them.',
      resolve: ({ toolCalls }) => toolCallsOf(toolCalls),
    }),
    isStopping: t.boolean({
      description: 'Whether the person asked to stop it.',
      resolve: ({ state, stopRequestedAt }) => state === 'PENDING' && stopRequestedAt !== null,
    }),
    fault: t.field({
      type: Fault,
      nullable: true,
      description: 'Why it failed. Null unless it did.',
      resolve: ({ state, error }) => (state === 'FAILED' ? (error as unknown as ReplyFault) : null),
    }),
  }),
});

builder.prismaObjectFields(Message, (t) => ({
  calls: t.field({
    type: [ToolCall],
    description: 'Tools that the assistant called for this message, at most 30.',
    select: { toolCalls: true },
    resolve: ({ toolCalls }) => toolCallsOf(toolCalls),
  }),
  reply: t.field({
    type: AssistantReply,
    nullable: true,
    description: 'The assistant’s reply to this message. Null for messages that get none.',
    select: { id: true },
    resolve: async ({ id }, _args, context, info) =>
      (await batched(context, info, id, (ids) => repliesTo(context, ids))) ?? null,
  }),
}));

async function repliesTo({ db, viewer }: Context, ids: readonly string[]): Promise<Map<string, ReplyRow>> {
  const rows = await db.assistantReply.findMany({
    where: { messageId: { in: [...ids] }, message: visible.message(viewer) },
  });
  return new Map(rows.map((row) => [row.messageId, row]));
}

const Command = builder.objectRef<(typeof COMMANDS)[number]>('AssistantCommand').implement({
  description: 'A command that the assistant understands, such as `/add buy milk tomorrow !high`.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, after the slash.' }),
    aliases: t.stringList({ description: 'Further names.', resolve: ({ aliases }) => [...aliases] }),
    takesText: t.boolean({
      description: 'Whether text follows the name.',
      resolve: (command) => command.arguments,
    }),
  }),
});

const Assistant = builder.objectRef<Context>('Assistant').implement({
  description: 'What the assistant can do on this server.',
  fields: (t) => ({
    hasModel: t.boolean({
      description:
        'Whether a language model is set up. Without one, the assistant only understands commands.',
      resolve: ({ assistant }) => assistant.hasModel,
    }),
    commands: t.field({
      type: [Command],
      description: 'Commands. They need no model.',
      resolve: () => [...COMMANDS],
    }),
    conversation: t.prismaField({
      type: Conversation,
      nullable: true,
      description:
        'The viewer’s conversation with the assistant. Null until `openAssistantConversation` creates it.',
      resolve: (query, { viewer }, _args, { db }) =>
        db.conversation.findFirst({
          ...query,
          where: { assistantOfId: viewer.ownId, AND: visible.conversation(viewer) },
        }),
    }),
  }),
});

builder.queryField('assistant', (t) =>
  t.field({
    type: Assistant,
    description: 'The assistant of this server, and the viewer’s conversation with it.',
    resolve: (_root, _args, context) => context,
  }),
);

const OpenAssistantConversationPayload = builder
  .objectRef<Change>('OpenAssistantConversationPayload')
  .implement({
    description: 'The viewer’s conversation with the assistant.',
    fields: (t) => conversationPayload(t),
  });

builder.mutationField('openAssistantConversation', (t) =>
  t.field({
    type: OpenAssistantConversationPayload,
    description:
      'The viewer’s conversation with the assistant, which is created if there is none. Idempotent.',
    resolve: (_root, _args, { db, person }) => openAssistantConversation(db, person),
  }),
);

function replyPayload(t: PayloadFields<Change>) {
  return {
    reply: t.field({
      type: AssistantReply,
      description: 'The reply after the change.',
      resolve: ({ id }, _args, { db }) => db.assistantReply.findUniqueOrThrow({ where: { messageId: id } }),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

builder.relayMutationField(
  'stopReply',
  {
    description: 'Identifies the reply.',
    inputFields: (t) => ({
      messageId: t.id({ required: true, description: 'The message that the assistant replies to.' }),
    }),
  },
  {
    description:
      'Stops the assistant’s reply to a message, within a second. What is written so far becomes a message. Idempotent; without effect once it has replied.',
    resolve: (_root, { input }, { db, person }) => stopReply(db, person, input),
  },
  { description: 'The reply, with what is written of it so far.', outputFields: replyPayload },
);

builder.relayMutationField(
  'retryReply',
  {
    description: 'Identifies the reply.',
    inputFields: (t) => ({
      messageId: t.id({ required: true, description: 'The message that the assistant did not reply to.' }),
    }),
  },
  {
    description:
      'Has the assistant try again to reply to a message. Tools that it has already called are not called again. Idempotent while it tries. Fails with CONFLICT if it has replied.',
    resolve: async (_root, { input }, { db, person, assistant }) => {
      const change = await retryReply(db, person, input);
      assistant.wake();
      return change;
    },
  },
  { description: 'The reply that is tried again.', outputFields: replyPayload },
);
