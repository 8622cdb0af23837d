import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

interface SentMessage {
  role: string;
  content: string | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
}

/** A request as the server sends it. */
export interface ModelRequest {
  authorization: string | undefined;
  body: {
    model: string;
    stream: boolean;
    messages: SentMessage[];
    tools: { function: { name: string; parameters: object } }[];
  };
}

export type Answer = (response: ServerResponse, request: ModelRequest) => void | Promise<void>;

export interface ModelEndpoint {
  url: string;
  requests: ModelRequest[];
  /** Answers the next requests, one each; the last one answers all others. */
  answerWith(...answers: Answer[]): void;
}

/** An endpoint that speaks the protocol of OpenAI’s chat completions on loopback. */
export async function startModelEndpoint(): Promise<ModelEndpoint> {
  let answers: Answer[] = [says('Hello.')];
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ModelRequest['body'];
    const got = { authorization: request.headers.authorization, body };
    requests.push(got);
    const next = answers.length > 1 ? answers.shift() : answers[0];
    await next?.(response, got);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    answerWith(...given) {
      answers = given;
      requests.length = 0;
    },
  };
}

/** One event of a stream, with a part of the answer. */
export function chunk(response: ServerResponse, delta: object, finish: string | null = null): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const choice = { index: 0, delta, finish_reason: finish };
  const event = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'test', choices: [choice] };
  response.write(`data: ${JSON.stringify(event)}\n\n`);
}

function end(response: ServerResponse, tokens: number): void {
  const usage = { prompt_tokens: tokens - 10, completion_tokens: 10, total_tokens: tokens };
  const event = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'test', choices: [], usage };
  response.end(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
}

/** A text, in pieces. */
export function says(...pieces: string[]): Answer {
  return (response) => {
    for (const content of pieces) chunk(response, { role: 'assistant', content });
    chunk(response, {}, 'stop');
    end(response, 100);
  };
}

/** A call of a tool, whose arguments come in two pieces. Text is sent as it is, so that it can be nonsense. */
export function calls(name: string, given: unknown, text = ''): Answer {
  return (response) => {
    if (text !== '') chunk(response, { role: 'assistant', content: text });
    const json = typeof given === 'string' ? given : JSON.stringify(given);
    const half = Math.ceil(json.length / 2);
    const id = `call_${Math.random().toString(36).slice(2)}`;
    chunk(response, {
      tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: json.slice(0, half) } }],
    });
    chunk(response, { tool_calls: [{ index: 0, function: { arguments: json.slice(half) } }] });
    chunk(response, {}, 'tool_calls');
    end(response, 200);
  };
}

/** An error before anything else. */
export function fails(status: number): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'Incorrect API key provided: sk-secret', code: 'x' } }));
  };
}

/** A part of a text, and then nothing more. */
export function hangsAfter(...pieces: string[]): Answer {
  return (response) => {
    for (const content of pieces) chunk(response, { role: 'assistant', content });
  };
}

/** Waits for a signal of the test in the middle of the text. */
export function pauses(before: string, until: Promise<unknown>, after: string): Answer {
  return async (response) => {
    chunk(response, { role: 'assistant', content: before });
    await until;
    chunk(response, { content: after });
    chunk(response, {}, 'stop');
    end(response, 100);
  };
}
