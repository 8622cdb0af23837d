import { z } from 'zod';

export const TOOL_CALL_STATES = ['RUNNING', 'DONE', 'REFUSED', 'WAITING'] as const;

const named = z.object({ id: z.string(), title: z.string() });

const toolCall = z.object({
  id: z.string(),
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  /** `WAITING`: the person has to approve it. */
  state: z.enum(TOOL_CALL_STATES),
  /** One line: what came out, or the error. */
  summary: z.string(),
  /** Tasks in the result, in its order. */
  tasks: z.array(named),
  approvalId: z.string().optional(),
  /** What the model is told. Not kept with the message. */
  result: z.string().optional(),
});

/** A call of a tool by the assistant, as it is stored with a message. */
export type ToolCall = z.output<typeof toolCall>;

/** Why a reply failed: a stable code, and a sentence for the person. */
export interface ReplyFault {
  code: string;
  message: string;
}

/** Stored calls. Anything else is left out, since the column held other JSON before the assistant. */
export function toolCallsOf(stored: unknown): ToolCall[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((each) => toolCall.safeParse(each).data ?? []);
}
