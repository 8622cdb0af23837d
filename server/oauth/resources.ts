import type { ApiTokenScope, OauthResource } from '../../prisma/generated/client/client.ts';

/** Paths of the resources that tokens are issued for (RFC 8707). */
const RESOURCE_PATHS: Readonly<Record<OauthResource, string>> = {
  MCP: '/mcp',
  MCP_READONLY: '/mcp/readonly',
  GRAPHQL: '/graphql',
};

export const resources = Object.keys(RESOURCE_PATHS) as OauthResource[];

/** Names of scopes in OAuth. */
const SCOPE_NAMES: Readonly<Record<ApiTokenScope, string>> = { READ: 'read', WRITE: 'write' };

export function scopesOf(resource: OauthResource): ApiTokenScope[] {
  return resource === 'MCP_READONLY' ? ['READ'] : ['READ', 'WRITE'];
}

export function scopeText(scopes: readonly ApiTokenScope[]): string {
  return scopes.map((scope) => SCOPE_NAMES[scope]).join(' ');
}

/**
 * The requested scopes that the resource has; `write` includes `read`. Without any, READ. Unknown names are ignored, as
 * clients ask for those of other servers.
 * @returns null if none is known.
 */
export function requestedScopes(text: string | undefined, resource: OauthResource): ApiTokenScope[] | null {
  const names = text?.split(' ').filter(Boolean) ?? [];
  if (names.length === 0) return ['READ'];
  const known = scopesOf(resource).filter((scope) => names.includes(SCOPE_NAMES[scope]));
  if (known.length === 0) return null;
  return known.includes('WRITE') ? ['READ', 'WRITE'] : ['READ'];
}

export function urlOf(resource: OauthResource, issuer: string): string {
  return issuer + RESOURCE_PATHS[resource];
}

/** The resource at a URL; null for any other URL. */
export function resourceAt(url: string, issuer: string): OauthResource | null {
  if (!URL.canParse(url) || url.includes('#')) return null;
  const { origin, pathname, search, username, password } = new URL(url);
  if (origin !== issuer || `${search}${username}${password}` !== '') return null;
  const path = pathname.replace(/\/$/, '');
  return resources.find((resource) => RESOURCE_PATHS[resource] === path) ?? null;
}

/** Where the metadata of a resource is (RFC 9728, section 3.1). */
export function metadataPathOf(resource: OauthResource): string {
  return `/.well-known/oauth-protected-resource${RESOURCE_PATHS[resource]}`;
}

/** The value of `WWW-Authenticate` in a 401 response. @param isPresented whether the request had a token. */
export function challengeFor(resource: OauthResource, issuer: string, isPresented: boolean): string {
  const error = isPresented ? 'error="invalid_token", ' : '';
  return `Bearer ${error}resource_metadata="${issuer}${metadataPathOf(resource)}", scope="${scopeText(scopesOf(resource))}"`;
}
