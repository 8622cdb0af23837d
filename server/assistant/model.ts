import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, RetryError, jsonSchema, stepCountIs, streamText, tool, type ToolSet } from 'ai';
import { z } from 'zod';
import type { ReplyFault } from '../domain/tool-call.ts';
import type { Database } from '../database/client.ts';
import type { Logger } from '../logger.ts';
import { tools } from '../mcp/tools.ts';
import { limitedFetch } from './limited-fetch.ts';
import { asData, historyOf } from './history.ts';
import type { LeasedReply } from './queue.ts';
import type { AssistantSettings, ModelSettings } from './settings.ts';
import type { ToolRunner } from './tool-runner.ts';
import { addTokens, tokensOf, tokensToday } from './usage.ts';

// The library would write to the console.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** Requests to the model for one reply. */
const MOST_STEPS = 8;
const MOST_OUTPUT_TOKENS = 4_000;
const LONGEST_MS = 5 * 60_000;
const RETRIES = 2;
/** Characters; a reply is cut there anyway. */
const LONGEST_TEXT = 10_000;

export interface Asked {
  db: Database;
  log: Logger;
  reply: LeasedReply;
  runner: ToolRunner;
  settings: AssistantSettings & { model: ModelSettings };
  instructions: string;
  /** Ends the reply. */
  signal: AbortSignal;
  /** Called with everything that is written so far. */
  onText: (text: string) => void;
}

/** Has the model reply, with tools. @returns the text, which can be empty after calls of tools, or why there is none. */
export async function askModel(asked: Asked): Promise<{ text: string } | { fault: ReplyFault }> {
  const { db, log, reply, runner, settings, instructions, signal, onText } = asked;
  const { tokensPerDay, silenceMs, model } = settings;
  const left = tokensPerDay === 0 ? Infinity : tokensPerDay - (await tokensToday(db, reply.userId));
  if (left <= 0) return { fault: FAULTS.TOKENS_SPENT };

  const provider = createOpenAICompatible({
    name: 'model',
    baseURL: model.baseUrl,
    includeUsage: true,
    fetch: limitedFetch(silenceMs),
    ...(model.apiKey === undefined ? {} : { apiKey: model.apiKey }),
  });
  const messages = await historyOf(db, reply, runner.calls);
  const sent = instructions.length + JSON.stringify(messages).length + DEFINITIONS;
  const enough = new AbortController();
  let [text, written, spent] = ['', 0, 0];
  let fault: ReplyFault | undefined;
  try {
    const { stream } = streamText({
      model: provider(model.name),
      instructions,
      messages,
      tools: toolsOf(runner),
      toolCallConcurrency: 1,
      maxRetries: RETRIES,
      maxOutputTokens: MOST_OUTPUT_TOKENS,
      stopWhen: [stepCountIs(MOST_STEPS), () => spent >= left],
      timeout: { totalMs: LONGEST_MS },
      abortSignal: AbortSignal.any([signal, enough.signal]),
      onError: () => undefined,
    });
    for await (const part of stream) {
      if (part.type === 'text-delta') {
        text += part.text;
        written += part.text.length;
        onText(text);
        if (text.length > LONGEST_TEXT) break;
      } else if (part.type === 'tool-call') written += JSON.stringify(part.input ?? null).length;
      else if (part.type === 'finish-step') {
        spent += tokensOf(part.usage.totalTokens, sent + written);
        written = 0;
        if (text !== '' && !text.endsWith('\n')) text += '\n\n';
      } else if (part.type === 'error') fault ??= faultOf(part.error, log);
      else if (part.type === 'abort') fault ??= FAULTS.MODEL_SILENT;
    }
  } catch (error) {
    fault ??= faultOf(error, log);
  } finally {
    enough.abort();
    if (written > 0 || spent === 0) spent += tokensOf(undefined, sent + written);
    await addTokens(db, reply.userId, spent);
  }
  if (fault) return { fault };
  return text.trim() === '' && runner.calls.length === 0 ? { fault: FAULTS.MODEL_FAILED } : { text };
}

const FAULTS = {
  MODEL_UNREACHABLE: {
    code: 'MODEL_UNREACHABLE',
    message: 'The language model could not be reached. Try again later.',
  },
  MODEL_FAILED: {
    code: 'MODEL_FAILED',
    message: 'The language model failed, or its answer made no sense. Try again.',
  },
  MODEL_SILENT: {
    code: 'MODEL_SILENT',
    message: 'The language model took too long. Try again, or ask for less at once.',
  },
  TOKENS_SPENT: {
    code: 'TOKENS_SPENT',
    message:
      'You have used your tokens of today. They are available again tomorrow (UTC); commands still work.',
  },
} as const satisfies Record<string, ReplyFault>;

/** What the endpoint says is not logged: it can quote the key, and texts of people. */
function faultOf(thrown: unknown, log: Logger): ReplyFault {
  const error = RetryError.isInstance(thrown) ? thrown.lastError : thrown;
  const status = APICallError.isInstance(error) ? error.statusCode : undefined;
  const name = error instanceof Error ? error.name : typeof error;
  log.warn({ status, error: name }, 'the language model failed');
  if (name === 'TimeoutError' || name === 'AbortError') return FAULTS.MODEL_SILENT;
  const isUnreached = APICallError.isInstance(error) && status === undefined;
  return isUnreached || (status !== undefined && [429, 502, 503, 504].includes(status))
    ? FAULTS.MODEL_UNREACHABLE
    : FAULTS.MODEL_FAILED;
}

const definitions = [...tools].map(([name, { description, input }]) => {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, { io: 'input' });
  return { name, description, schema };
});

/** Characters. */
const DEFINITIONS = JSON.stringify(definitions).length;

/** The tools of MCP. Their arguments are checked when they run, so that the model gets the same errors as others. */
function toolsOf(runner: ToolRunner): ToolSet {
  return Object.fromEntries(
    definitions.map(({ name, description, schema }) => [
      name,
      tool({
        description,
        inputSchema: jsonSchema(schema as Parameters<typeof jsonSchema>[0]),
        async execute(input: unknown) {
          const { result = '' } = await runner.run(name, input);
          return asData(result);
        },
      }),
    ]),
  );
}
