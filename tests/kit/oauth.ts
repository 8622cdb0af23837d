import { createHash, randomBytes } from 'node:crypto';
import { raw } from './raw-request.ts';
import type { Person, World } from './world.ts';

export const REDIRECT_URI = 'http://127.0.0.1:5001/callback';

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
}

/** Sends a form to an endpoint, as clients do. */
export async function post(url: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const {
    status,
    text,
    headers: answered,
  } = await raw(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });
  return { status, headers: answered, body: JSON.parse(text) as Record<string, unknown> } satisfies Answered;
}

export async function register(
  url: string,
  metadata: object = {},
  headers: Record<string, string> = {},
): Promise<Answered> {
  const {
    status,
    text,
    headers: answered,
  } = await raw(`${url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ client_name: 'A program', redirect_uris: [REDIRECT_URI], ...metadata }),
  });
  return { status, headers: answered, body: JSON.parse(text) as Record<string, unknown> };
}

/** The id of a new client. */
export async function clientOf({ url }: Pick<World, 'url'>, metadata: object = {}): Promise<string> {
  const { body } = await register(url, metadata);
  return body['client_id'] as string;
}

export interface Asked {
  parameters: string;
  verifier: string;
  resource: string;
}

/** The authorization request of a client. Undefined values leave a parameter out. */
export function requestOf(
  { url }: Pick<World, 'url'>,
  clientId: string,
  changes: Record<string, string | undefined> = {},
): Asked {
  const verifier = randomBytes(32).toString('base64url');
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'read write',
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${url}/mcp`,
    ...changes,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { parameters: new URLSearchParams(given).toString(), verifier, resource: all['resource'] ?? '' };
}

/** Allows a request without the page. @returns the address to which the person is sent. */
export async function allow(
  person: Pick<Person, 'query'>,
  parameters: string,
  limit: { teamIds?: string[] } = {},
): Promise<URL> {
  const { connectApplication } = await person.query<{ connectApplication: { redirectUrl: string } }>(
    'mutation ($input: ConnectApplicationInput!) { connectApplication(input: $input) { redirectUrl } }',
    { input: { parameters, ...limit } },
  );
  return new URL(connectApplication.redirectUrl);
}

export interface Connected {
  token: string;
  refreshToken: string;
  clientId: string;
  code: string;
  verifier: string;
}

interface Wanted {
  path?: string;
  scope?: string;
  /** Default: no limit. */
  teamIds?: string[];
}

/** Connects a new application to a person's account, without the page. */
export async function connected(
  world: Pick<World, 'url'>,
  person: Pick<Person, 'query'>,
  { path = '/mcp', scope = 'read write', ...limit }: Wanted = {},
): Promise<Connected> {
  const clientId = await clientOf(world);
  const { parameters, verifier } = requestOf(world, clientId, { resource: world.url + path, scope });
  const code = (await allow(person, parameters, limit)).searchParams.get('code') ?? '';
  const { body } = await redeem(world, { clientId, code, verifier });
  return {
    token: body['access_token'] as string,
    refreshToken: body['refresh_token'] as string,
    clientId,
    code,
    verifier,
  };
}

export function redeem(
  { url }: Pick<World, 'url'>,
  { clientId, code, verifier }: Pick<Connected, 'clientId' | 'code' | 'verifier'>,
  changes: Record<string, string> = {},
): Promise<Answered> {
  return post(`${url}/oauth/token`, {
    grant_type: 'authorization_code',
    code,
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    ...changes,
  });
}

export function refresh(
  { url }: Pick<World, 'url'>,
  { clientId, refreshToken }: Pick<Connected, 'clientId' | 'refreshToken'>,
  changes: Record<string, string> = {},
): Promise<Answered> {
  return post(`${url}/oauth/token`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    ...changes,
  });
}
