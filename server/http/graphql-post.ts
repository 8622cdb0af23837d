import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ExecutionResult } from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import { BadUserInput } from '../errors.ts';
import { SerializedData } from '../graphql/execution/execute-query.ts';
import { END_ID } from '../graphql/plugins/use-event-stream-format.ts';
import type { Params } from '../graphql/prepare-operation.ts';
import { hasUndecodableQuery, textOf, UnreadableBody, whyUnreadable } from './body.ts';
import type { Graphql } from '../graphql/yoga.ts';
import { isTooDeep } from '../limits/json-depth.ts';
import { refuse } from './refuse.ts';

/**
 * Handles plain JSON posts without Yoga's Request, Response and plugins, which cost several times as much as a small
 * operation. Unusual requests and all errors are passed to Yoga, so errors are handled in one place.
 * @param mostBytes the longest body to handle here; Yoga rejects longer ones.
 */
export function answerPosts(graphql: Graphql, mostBytes: number) {
  const { yoga, requests } = graphql;
  const prepare = preparing(graphql);
  return async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const refusal = requests.spend(1);
    if (refusal) {
      refuse(response, refusal);
      return response;
    }
    if (request.method !== 'POST') return answerOthers(graphql, request, response);
    const unreadable = whyUnreadable(request);
    if (unreadable !== null) {
      refuse(response, new BadUserInput(unreadable), { status: 415 });
      return undefined;
    }
    const mediaType = isPlainPost(request, mostBytes) ? answerTypeOf(request.headers.accept) : null;
    const body = await textOf(request, mostBytes).catch((error: unknown) => {
      if (error instanceof UnreadableBody) return error;
      throw error;
    });
    if (body instanceof UnreadableBody) {
      refuse(response, new BadUserInput(body.message), {
        status: body.status,
        headers: { connection: 'close' },
      });
      return undefined;
    }
    const execute = mediaType === null ? null : await prepare(request, body);
    // Yoga reads an existing body from this property. A stream, since Yoga would list the keys of a string.
    if (mediaType === null || execute === null)
      return yoga(Object.assign(request, { body: Readable.from([body]) }), response);
    const { result, cookies, isQuery } = await execute();
    for (const cookie of cookies) response.appendHeader('Set-Cookie', cookie);
    if (result.errors || result.extensions) return sendByYoga(graphql, response, result, mediaType);
    const { data } = result;
    const text = data instanceof SerializedData ? `{"data":${data.text}}` : JSON.stringify(result);
    // A long string would be copied twice, for its length and for sending.
    let sent = text.length > LONG ? Buffer.from(text) : text;
    // Only of queries: responses of mutations can contain secrets, whose length would tell about them.
    if (isQuery && sent instanceof Buffer && acceptsGzip(request)) {
      sent = await compressed(sent, { level: COMPRESSION_LEVEL });
      response.setHeader('Content-Encoding', 'gzip');
    }
    response.setHeader('Content-Type', `${mediaType}; charset=utf-8`);
    response.setHeader('Content-Length', Buffer.byteLength(sent));
    return response.end(sent);
  };
}

function answerOthers({ yoga }: Graphql, request: IncomingMessage, response: ServerResponse): unknown {
  if (hasUndecodableQuery(request.url)) {
    refuse(response, new BadUserInput('The parameters are not valid UTF-8, percent-encoded.'));
    return undefined;
  }
  if (request.headers['last-event-id'] === END_ID) return response.writeHead(204).end();
  return yoga(request, response);
}

const LONG = 8_000;

const compressed = promisify(gzip);
/** Higher ones take twice as long for a page of tasks, and save little more. */
const COMPRESSION_LEVEL = 3;

function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /(?:^|,)\s*gzip\s*(?:,|$)/.test(headers['accept-encoding'] ?? '');
}

const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;

function isPlainPost({ method, url, headers }: IncomingMessage, mostBytes: number): boolean {
  const length = Number(headers['content-length'] ?? 0);
  return (
    method === 'POST' &&
    url === '/graphql' &&
    JSON_TYPE.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    length > 0 &&
    length <= mostBytes
  );
}

const ANSWER_TYPES: Record<string, string> = {
  'application/graphql-response+json': 'application/graphql-response+json',
  'application/json': 'application/json',
  'application/*': 'application/json',
  '*/*': 'application/json',
};

/** The media type Yoga would choose; null for complicated Accept headers. */
function answerTypeOf(accept = '*/*'): string | null {
  if (accept.includes(';')) return null;
  for (const type of accept.split(',')) {
    const answer = ANSWER_TYPES[type.trim().toLowerCase()];
    if (answer) return answer;
  }
  return null;
}

type Prepared = () => Promise<{ result: ExecutionResult; cookies: readonly string[]; isQuery: boolean }>;

/** Returns a function that prepares an operation; null for errors and subscriptions, which Yoga handles. */
function preparing({ yoga, prepare }: Graphql) {
  return async (request: IncomingMessage, body: string): Promise<Prepared | null> => {
    const params = paramsOf(body);
    if (!params) return null;
    const headers = new yoga.fetchAPI.Headers(request.headers as Record<string, string>);
    const prepared = await prepare(headers, params);
    if ('errors' in prepared || prepared.kind === 'subscription') return null;
    const { run, cookies, kind } = prepared;
    return async () => ({ result: await run(), cookies, isQuery: kind === 'query' });
  };
}

const PARAMS = new Set(['query', 'variables', 'operationName', 'extensions']);

/** Null for bodies that violate the GraphQL over HTTP specification. Yoga reports the error. */
function paramsOf(body: string): Params | null {
  const params = parsed(body);
  if (!isRecord(params) || Object.keys(params).some((key) => !PARAMS.has(key))) return null;
  const { query, variables, operationName, extensions } = params;
  if (typeof query !== 'string' || typeof (operationName ?? '') !== 'string') return null;
  return isRecord(variables ?? {}) && isRecord(extensions ?? {}) ? (params as unknown as Params) : null;
}

function parsed(json: string): unknown {
  if (isTooDeep(json)) return null;
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Yoga sets the status and headers for errors. */
async function sendByYoga(
  { yoga, masked }: Graphql,
  response: ServerResponse,
  result: ExecutionResult,
  mediaType: string,
): Promise<void> {
  const { errors = null } = result;
  const answer = processRegularResult(
    errors ? { ...result, errors: errors.map(masked) } : result,
    yoga.fetchAPI,
    mediaType,
  );
  response.statusCode = answer.status;
  answer.headers.forEach((value, name) => response.setHeader(name, value));
  response.end(await answer.text());
}
