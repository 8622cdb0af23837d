import type { ModelMessage } from 'ai';
import type { Database } from '../database/client.ts';
import { toolCallsOf, type ToolCall } from '../domain/tool-call.ts';
import type { LeasedReply } from './queue.ts';

const MOST_MESSAGES = 50;
/** Of all messages together; older ones are left out. */
const MOST_CHARACTERS = 60_000;
const MOST_NAMED = 25;

/** The newest messages of the conversation up to the one that is replied to, and what this reply has done so far. */
export async function historyOf(
  db: Database,
  { conversationId, sentAt }: LeasedReply,
  calls: readonly ToolCall[],
): Promise<ModelMessage[]> {
  const messages = await db.message.findMany({
    where: { conversationId, createdAt: { lte: sentAt } },
    orderBy: { createdAt: 'desc' },
    take: MOST_MESSAGES,
    select: { role: true, content: true, toolCalls: true },
  });
  const history: ModelMessage[] = [];
  let characters = 0;
  for (const { role, content, toolCalls } of messages) {
    const isOwn = role === 'ASSISTANT';
    const text = isOwn ? [content, ...toolCallsOf(toolCalls).map(said)].join('\n\n') : content;
    characters += text.length;
    if (history.length > 0 && characters > MOST_CHARACTERS) break;
    history.unshift({ role: isOwn ? 'assistant' : 'user', content: text });
  }
  return [...history, ...soFar(calls)];
}

/** What an earlier reply did, with the ids that a person can refer to. */
function said({ name, state, tasks, summary }: ToolCall): string {
  const named = tasks.slice(0, MOST_NAMED);
  return asData(
    JSON.stringify({ tool: name, state, ...(named.length > 0 ? { tasks: named } : { summary }) }),
  );
}

/** Calls that this reply made before it was interrupted. */
function soFar(calls: readonly ToolCall[]): ModelMessage[] {
  if (calls.length === 0) return [];
  return [
    {
      role: 'assistant',
      content: calls.map(({ id, name, arguments: input }) => ({
        type: 'tool-call',
        toolCallId: `call_${id}`,
        toolName: name,
        input,
      })),
    },
    {
      role: 'tool',
      content: calls.map(({ id, name, result = '' }) => ({
        type: 'tool-result',
        toolCallId: `call_${id}`,
        toolName: name,
        output: { type: 'text', value: asData(result) },
      })),
    },
  ];
}

/** Marks a text as data. Nothing in it can look like the end of the mark. */
export function asData(text: string): string {
  return `<data>${text.replaceAll('<', '\\u003c')}</data>`;
}
