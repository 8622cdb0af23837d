import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OauthResource } from '../../prisma/generated/client/client.ts';
import { classify } from '../database/failures.ts';
import {
  ACCESS_SECONDS,
  InvalidGrant,
  redeemCode,
  refreshTokens,
  revokeToken,
  type Tokens,
} from '../domain/connected-application.ts';
import { RateLimited } from '../errors.ts';
import { textOf, UnreadableBody, whyUnreadable } from '../http/body.ts';
import type { RequestBudget } from '../limits/request-budget.ts';
import type { Services } from '../services.ts';
import type { Oauth } from './authorization.ts';
import { InvalidMetadata } from './clients.ts';
import { metadataPathOf, resourceAt, resources, scopesOf, scopeText, urlOf } from './resources.ts';

const MOST_BODY_BYTES = 16 * 1024;

/** Of the requests per minute that an address has; each can be a guess. */
const REQUESTS_PER_CALL = 10;

/** An error of an endpoint (RFC 6749, section 5.2). */
class OauthError extends Error {
  override readonly name = 'OauthError';
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

export type OauthHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** The endpoints and documents of OAuth, by path. */
export function oauthRoutes(
  oauth: Oauth,
  { db, authServices }: Services,
  requests: RequestBudget,
): Record<string, OauthHandler> {
  const { issuer, clients } = oauth;
  const forget = (id: string) => {
    authServices.credentials.forget(id);
  };

  async function token(request: IncomingMessage): Promise<object> {
    const form = await formOf(request);
    const common = { clientId: required(form, 'client_id'), resource: resourceOf(form, issuer) };
    const type = required(form, 'grant_type');
    if (type === 'authorization_code')
      return answerWith(
        await redeemCode(
          db,
          {
            ...common,
            token: required(form, 'code'),
            verifier: required(form, 'code_verifier'),
            redirectUri: form.get('redirect_uri') ?? undefined,
          },
          forget,
        ),
      );
    if (type === 'refresh_token')
      return answerWith(
        await refreshTokens(db, { ...common, token: required(form, 'refresh_token') }, forget),
      );
    throw new OauthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token.');
  }

  async function register(request: IncomingMessage): Promise<object> {
    const { id, name, redirectUris } = await clients.register(jsonOf(await bodyOf(request)));
    return {
      client_id: id,
      client_id_issued_at: Math.floor(Date.now() / 1000),
      client_name: name,
      redirect_uris: redirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  async function revoke(request: IncomingMessage): Promise<object> {
    const form = await formOf(request);
    const clientId = form.get('client_id') ?? undefined;
    await revokeToken(db, { token: required(form, 'token'), clientId }, forget);
    return {};
  }

  /** @param work answers a POST. */
  function endpoint(status: number, work: (request: IncomingMessage) => Promise<object>): OauthHandler {
    return async (request, response) => {
      try {
        const refusal = requests.spend(REQUESTS_PER_CALL);
        if (refusal) throw refusal;
        if (request.method === 'POST') send(response, status, await work(request));
        else {
          request.resume();
          response.setHeader('Allow', 'POST');
          send(response, 405, { error: 'invalid_request', error_description: 'Use POST here.' });
        }
      } catch (error) {
        sendError(response, error);
      }
    };
  }

  const documents = resources.map((resource) => [
    metadataPathOf(resource),
    document(resourceMetadata(resource, issuer)),
  ]);
  return {
    ...(Object.fromEntries(documents) as Record<string, OauthHandler>),
    '/.well-known/oauth-authorization-server': document(serverMetadata(issuer)),
    '/oauth/token': endpoint(200, token),
    '/oauth/register': endpoint(201, register),
    '/oauth/revoke': endpoint(200, revoke),
  };
}

/** RFC 9728. */
function resourceMetadata(resource: OauthResource, issuer: string): object {
  return {
    resource: urlOf(resource, issuer),
    resource_name: 'Taskwire',
    authorization_servers: [issuer],
    scopes_supported: scopeText(scopesOf(resource)).split(' '),
    bearer_methods_supported: ['header'],
  };
}

/** RFC 8414. */
function serverMetadata(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    registration_endpoint: `${issuer}/oauth/register`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    scopes_supported: ['read', 'write'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
}

function document(content: object): OauthHandler {
  return (request, response) => {
    request.resume();
    if (request.method === 'GET' || request.method === 'HEAD') {
      send(response, 200, content, 'public, max-age=300');
      return;
    }
    response.setHeader('Allow', 'GET, HEAD');
    send(response, 405, { error: 'invalid_request', error_description: 'Use GET or HEAD here.' });
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const unreadable = whyUnreadable(request);
  if (unreadable !== null)
    throw new OauthError('invalid_request', 'Send the body in UTF-8, without Content-Encoding.');
  return textOf(request, MOST_BODY_BYTES);
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? ''))
    throw new OauthError('invalid_request', 'Send a form: Content-Type: application/x-www-form-urlencoded.');
  const form = new URLSearchParams(await bodyOf(request));
  const names = [...form.keys()];
  if (new Set(names).size < names.length)
    throw new OauthError('invalid_request', 'Each parameter must be sent once.');
  return form;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OauthError('invalid_client_metadata', 'The body is not valid JSON.');
  }
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new OauthError('invalid_request', `${name} is required.`);
}

function resourceOf(form: URLSearchParams, issuer: string): OauthResource | undefined {
  const url = form.get('resource');
  if (url === null) return undefined;
  const resource = resourceAt(url, issuer);
  if (resource === null) throw new OauthError('invalid_target', 'resource is not one of this server.');
  return resource;
}

function answerWith({ accessToken, refreshToken, scopes }: Tokens): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: ACCESS_SECONDS,
    refresh_token: refreshToken,
    scope: scopeText(scopes),
  };
}

function send(response: ServerResponse, status: number, content: object, caching = 'no-store'): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': caching });
  response.end(response.req.method === 'HEAD' ? '' : JSON.stringify(content));
}

function sendError(response: ServerResponse, error: unknown): void {
  response.req.resume();
  const say = (status: number, code: string, message: string) => {
    send(response, status, {
      error: code,
      error_description: message.replaceAll(/[^ -~]/g, '').replaceAll('"', "'"),
    });
  };
  if (error instanceof OauthError || error instanceof InvalidMetadata) say(400, error.error, error.message);
  else if (error instanceof InvalidGrant) say(400, 'invalid_grant', error.message);
  else if (error instanceof RateLimited) {
    response.setHeader('Retry-After', String(error.details.retryAfter));
    say(429, 'temporarily_unavailable', error.message);
  } else if (error instanceof UnreadableBody) {
    response.setHeader('Connection', 'close');
    say(error.status, 'invalid_request', error.message);
  } else if (classify(error).kind === 'unavailable') {
    say(503, 'temporarily_unavailable', 'Taskwire cannot reach its database. Try again shortly.');
  } else throw error;
}
