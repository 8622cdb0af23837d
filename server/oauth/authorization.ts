import type { OauthResource } from '../../prisma/generated/client/client.ts';
import type { Approval } from '../domain/connected-application.ts';
import { ValidationFailed } from '../errors.ts';
import type { Person } from '../policy.ts';
import { NoDocument } from './client-document.ts';
import type { OauthClient, OauthClients } from './clients.ts';
import { isRegistered, whyNoRedirect } from './redirect-uri.ts';
import { requestedScopes, resourceAt } from './resources.ts';

const LONGEST = 8_000;

/** OAuth on this server. */
export interface Oauth {
  /** The URL of this server, without a slash at the end. */
  issuer: string;
  clients: OauthClients;
}

/** An error of the request that the client is told (RFC 6749, section 4.1.2.1). */
export interface RequestFault {
  error: string;
  description: string;
}

export interface AuthorizationRequest {
  client: OauthClient;
  redirectUri: string;
  state: string | undefined;
  /** What the person can allow; a fault if the client has to change its request. */
  asked: Approval | RequestFault;
}

export function isFault(asked: AuthorizationRequest['asked']): asked is RequestFault {
  return 'error' in asked;
}

/**
 * Reads the query string of an authorization request.
 * @throws ValidationFailed if its client or redirect URI is wrong: the person must not be sent anywhere then.
 */
export async function readAuthorizationRequest(
  oauth: Oauth | null,
  person: Person,
  parameters: string,
): Promise<AuthorizationRequest> {
  if (!oauth) throw new ValidationFailed('This server does not connect applications by OAuth.');
  if (parameters.length > LONGEST) throw new ValidationFailed('This request is too long.');
  const given = new URLSearchParams(parameters);
  const names = [...given.keys()];
  const repeated = names.find((name, place) => names.indexOf(name) !== place);
  // Two readers could take different ones.
  if (repeated !== undefined) throw new ValidationFailed('This request names a parameter twice.');
  const of = (name: string) => given.get(name) ?? undefined;
  const client = await clientOf(oauth, person, of('client_id'));
  const redirectUri = redirectOf(client, of('redirect_uri'));
  const asked = askedBy(of, oauth.issuer);
  return {
    client,
    redirectUri,
    state: of('state'),
    asked: 'error' in asked ? asked : { ...asked, clientId: client.id, name: client.name, redirectUri },
  };
}

/** Where the browser goes next, with `iss` (RFC 9207). */
export function answerTo(
  { issuer }: Oauth,
  { redirectUri, state }: AuthorizationRequest,
  answer: { code: string } | RequestFault,
): string {
  const url = new URL(redirectUri);
  if ('code' in answer) url.searchParams.set('code', answer.code);
  else {
    url.searchParams.set('error', answer.error);
    url.searchParams.set('error_description', answer.description);
  }
  if (state !== undefined) url.searchParams.set('state', state);
  url.searchParams.set('iss', issuer);
  return url.href;
}

async function clientOf({ clients }: Oauth, person: Person, id: string | undefined): Promise<OauthClient> {
  if (id === undefined) throw new ValidationFailed('This request does not name an application.');
  const client = await clients.find(id, person.userId).catch((error: unknown) => {
    if (error instanceof NoDocument) throw new ValidationFailed(error.message);
    throw error;
  });
  if (!client)
    throw new ValidationFailed(
      'This application is not registered here, or its registration has expired. Remove the connection in the application, and connect again.',
    );
  return client;
}

function redirectOf({ redirectUris }: OauthClient, given: string | undefined): string {
  const [only] = redirectUris;
  const uri = given ?? (redirectUris.length === 1 ? only : undefined);
  if (uri === undefined || whyNoRedirect(uri) !== null || !isRegistered(redirectUris, uri))
    throw new ValidationFailed(
      'This request would send you to an address that the application has not registered.',
    );
  return uri;
}

type Asked = Pick<Approval, 'resource' | 'scopes' | 'codeChallenge'>;

function askedBy(of: (name: string) => string | undefined, issuer: string): Asked | RequestFault {
  if (of('response_type') !== 'code')
    return { error: 'unsupported_response_type', description: 'response_type must be code.' };
  if ((of('response_mode') ?? 'query') !== 'query')
    return { error: 'invalid_request', description: 'response_mode must be query.' };
  const codeChallenge = of('code_challenge') ?? '';
  if (of('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(codeChallenge))
    return { error: 'invalid_request', description: 'PKCE is required, with code_challenge_method S256.' };
  const resource: OauthResource | null = resourceAt(of('resource') ?? '', issuer);
  if (resource === null)
    return {
      error: 'invalid_target',
      description: `resource must be ${issuer}/mcp, ${issuer}/mcp/readonly or ${issuer}/graphql.`,
    };
  const scopes = requestedScopes(of('scope'), resource);
  if (scopes === null) return { error: 'invalid_scope', description: 'scope must be read, or read write.' };
  return { resource, scopes, codeChallenge };
}
