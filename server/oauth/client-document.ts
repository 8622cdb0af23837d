import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressRules } from '../address-rules.ts';

const MOST_BYTES = 10 * 1024;
const WITHIN_MS = 5_000;
const LONGEST_URL = 500;

const USUAL_SECONDS = 5 * 60;
const MOST_SECONDS = 60 * 60;

/** Why a document could not be read, in a sentence for the person who connects the application. */
export class NoDocument extends Error {
  override readonly name = 'NoDocument';
}

interface FetchedDocument {
  content: unknown;
  /** How long it may be cached. */
  seconds: number;
}

/** Whether a client id is the URL of a document. @throws NoDocument if it is a URL that cannot be a client id. */
export function isDocumentUrl(clientId: string): boolean {
  if (!/^https?:/i.test(clientId)) return false;
  const fault = whyNoDocumentUrl(clientId);
  if (fault !== null) throw new NoDocument(fault);
  return true;
}

function whyNoDocumentUrl(clientId: string): string | null {
  if (clientId.length > LONGEST_URL || !URL.canParse(clientId))
    return `A client id must be a URL of at most ${LONGEST_URL} characters.`;
  const { protocol, username, password, pathname, href } = new URL(clientId);
  if (protocol !== 'https:' || pathname === '/') return 'A client id must be a https URL with a path.';
  if (clientId.includes('#') || username !== '' || password !== '')
    return 'A client id must not have a fragment, a user name or a password.';
  // Also without dot segments, so that one document has one id.
  return href === clientId ? null : 'A client id must be a URL in its normal form.';
}

/**
 * Fetches a client id metadata document. The URL comes from the application, so requests go only where the rules allow,
 * follow no redirects, and are bounded in time and size.
 * @throws NoDocument
 */
export async function fetchDocument(url: string, rules: AddressRules): Promise<FetchedDocument> {
  const target = new URL(url);
  const { host } = target;
  try {
    rules.check(target);
    const response = await responseOf(target, rules);
    if (
      response.statusCode !== 200 ||
      !/^application\/(?:[\w.+-]+\+)?json\b/i.test(response.headers['content-type'] ?? '')
    ) {
      response.destroy();
      throw new NoDocument(`${host} did not return the application’s metadata as JSON.`);
    }
    return { content: JSON.parse(await textOf(response, host)), seconds: secondsOf(response) };
  } catch (error) {
    if (error instanceof NoDocument) throw error;
    if (error instanceof SyntaxError)
      throw new NoDocument(`The application’s metadata at ${host} is not valid JSON.`);
    // The cause could reveal what is behind a private address.
    throw unreachable(host);
  }
}

function unreachable(host: string): NoDocument {
  return new NoDocument(`The application’s metadata at ${host} cannot be read.`);
}

function responseOf(url: URL, rules: AddressRules): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, {
      agent: false,
      headers: { accept: 'application/json', 'user-agent': 'Taskwire' },
      signal: AbortSignal.timeout(WITHIN_MS),
      maxHeaderSize: MOST_BYTES,
      lookup: rules.lookupFor(url),
    })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
}

async function textOf(response: IncomingMessage, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BYTES)
      throw new NoDocument(`The application’s metadata at ${host} is longer than 10 kB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function secondsOf({ headers }: IncomingMessage): number {
  const caching = headers['cache-control'] ?? '';
  if (/\bno-(?:store|cache)\b/i.test(caching)) return 0;
  const maxAge = /\bmax-age=(\d+)/i.exec(caching)?.[1];
  return Math.min(maxAge === undefined ? USUAL_SECONDS : Number(maxAge), MOST_SECONDS);
}
