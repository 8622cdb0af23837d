import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AddressRefused, type AddressRules } from '../address-rules.ts';

export interface Answer {
  /** HTTP status; null without a response. */
  status: number | null;
  error: string | null;
  /** Milliseconds. */
  duration: number;
}

const ANSWER_WITHIN_MS = 10_000;
const MOST_READ = 64 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;
const LONGEST_ERROR = 300;

/** Sends requests of one webhook. Connections are kept until `close`. */
export class WebhookClient {
  readonly #rules: AddressRules;
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: 1 }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: 1 }),
  };

  constructor(rules: AddressRules) {
    this.#rules = rules;
  }

  /** Posts the body once. Redirects are not followed, and the content of the response is discarded. Never throws. */
  async post(
    address: string,
    headers: Record<string, string>,
    body: string,
    stopping?: AbortSignal,
  ): Promise<Answer> {
    const began = performance.now();
    const took = () => Math.round(performance.now() - began);
    const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const signal = stopping ? AbortSignal.any([deadline, stopping]) : deadline;
    try {
      const url = new URL(address);
      this.#rules.check(url);
      const response = await this.#send(url, headers, body, signal);
      const { statusCode: status = 0 } = response;
      const duration = took();
      await discard(response, signal);
      return { status, error: status >= 300 && status < 400 ? REDIRECTED : null, duration };
    } catch (error) {
      return { status: null, error: deadline.aborted ? TOO_SLOW : wordsOf(error), duration: took() };
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #send(
    url: URL,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const isHttps = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (isHttps ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: this.#agents[isHttps ? 'https:' : 'http:'],
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: this.#rules.lookupFor(url),
        maxHeaderSize: MOST_HEADER_BYTES,
        signal,
      });
      request.on('response', resolve).on('error', reject).end(body);
    });
  }
}

const TOO_SLOW = `No response within ${ANSWER_WITHIN_MS / 1000} seconds.`;
const REDIRECTED = 'The receiver redirects. Redirects are not followed: enter the final URL.';

/** Reads a short response, so that the connection can be used again. */
async function discard(response: IncomingMessage, signal: AbortSignal): Promise<void> {
  let read = 0;
  try {
    for await (const chunk of response) {
      read += (chunk as Buffer).length;
      if (read > MOST_READ || signal.aborted) break;
    }
  } catch {
    // The status is known.
  }
  if (!response.complete) response.destroy();
}

function wordsOf(error: unknown): string {
  if (error instanceof AddressRefused) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  // Of several addresses, each has its own error.
  const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
  const words = KNOWN[code ?? first?.code ?? ''] ?? (message || code) ?? 'The request failed.';
  return words.slice(0, LONGEST_ERROR);
}

const KNOWN: Record<string, string> = {
  ECONNREFUSED: 'The receiver refused the connection.',
  ECONNRESET: 'The receiver closed the connection without a response.',
  EHOSTUNREACH: 'The receiver is not reachable.',
  ENETUNREACH: 'The receiver is not reachable.',
  ETIMEDOUT: 'The receiver did not accept the connection in time.',
  HPE_HEADER_OVERFLOW: 'The headers of the response are too long.',
};
