import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { line } from '../domain/validation.ts';
import { RateLimited } from '../errors.ts';
import { newId } from '../ids.ts';
import type { OauthLimits } from '../limits/oauth-limits.ts';
import { fetchDocument, isDocumentUrl, NoDocument } from './client-document.ts';
import type { AddressRules } from '../address-rules.ts';
import { placeOf, whyNoRedirect } from './redirect-uri.ts';

/** Registered clients; beyond, the oldest that no person has allowed access is removed. */
const MOST_CLIENTS = 10_000;
const MOST_REDIRECT_URIS = 10;
const MOST_FETCHES = 20;
const DAY_MS = 24 * 60 * 60 * 1000;
const UNUSED_DAYS = 1;
const USED_DAYS = 365;
const TRY_AGAIN_SECONDS = 2;

export interface OauthClient {
  id: string;
  name: string;
  redirectUris: readonly string[];
  /** Where its metadata document is; null for a client that registered itself, with any name. */
  host: string | null;
}

/** Wrong metadata of a client. `error` is a code of RFC 7591. */
export class InvalidMetadata extends Error {
  override readonly name = 'InvalidMetadata';
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';

  constructor(error: InvalidMetadata['error'], message: string) {
    super(message);
    this.error = error;
  }
}

const redirectUris = z
  .array(z.string(), 'is required: a list of URLs.')
  .min(1, 'needs at least one URL.')
  .max(MOST_REDIRECT_URIS, `can have at most ${MOST_REDIRECT_URIS} URLs.`)
  .superRefine((uris, issues) => {
    for (const uri of uris) {
      const fault = whyNoRedirect(uri);
      if (fault !== null) issues.addIssue({ code: 'custom', message: fault });
    }
  });

/** Only public clients with authorization codes; unknown members are ignored, as the RFC demands. */
const metadata = z.object({
  client_name: line('`client_name`', { min: 1, max: 100 }).optional(),
  redirect_uris: redirectUris,
  grant_types: z
    .array(z.string())
    .optional()
    .refine(
      (types) => types?.includes('authorization_code') ?? true,
      '`grant_types` must include authorization_code.',
    ),
  response_types: z
    .array(z.string())
    .optional()
    .refine((types) => types?.includes('code') ?? true, '`response_types` must include code.'),
});

const document = metadata.extend({
  client_id: z.string(),
  client_name: line('`client_name`', { min: 1, max: 100 }),
  token_endpoint_auth_method: z
    .literal('none', '`token_endpoint_auth_method` must be none: this server has no client secrets.')
    .optional(),
});

export interface OauthClients {
  /** @param personId who asks; the number of documents that a person can have fetched is limited. @returns null for an unknown client. @throws NoDocument, RateLimited */
  find(clientId: string, personId: string): Promise<OauthClient | null>;
  /** RFC 7591. @throws InvalidMetadata, RateLimited */
  register(input: unknown): Promise<OauthClient>;
}

export function createOauthClients(db: Database, limits: OauthLimits, rules: AddressRules): OauthClients {
  const documents = new LRUCache<string, OauthClient>({ max: BOUNDS['client documents'].most });
  keep('client documents', documents, ({ size }) => size);
  const fetching = new Map<string, Promise<OauthClient>>();

  async function fetched(url: string): Promise<OauthClient> {
    const { content, seconds } = await fetchDocument(url, rules);
    const client = clientOf(url, content);
    if (seconds > 0) documents.set(url, client, { ttl: seconds * 1000 });
    return client;
  }

  async function byDocument(url: string, personId: string): Promise<OauthClient> {
    const known = documents.get(url) ?? fetching.get(url);
    if (known) return known;
    await limits.beforeDocument(personId);
    if (fetching.size >= MOST_FETCHES)
      throw new RateLimited(
        'Too many applications are being connected. Try again shortly.',
        TRY_AGAIN_SECONDS,
      );
    const started = fetched(url).finally(() => fetching.delete(url));
    fetching.set(url, started);
    return started;
  }

  return {
    async find(clientId, personId) {
      if (isDocumentUrl(clientId)) return byDocument(clientId, personId);
      if (!z.uuid().safeParse(clientId).success) return null;
      const found = await db.oauthClient.findUnique({ where: { id: clientId } });
      return found && { ...found, host: null };
    },

    async register(input) {
      const { client_name: given, redirect_uris: uris } = parsed(metadata, input);
      await limits.beforeRegistration();
      const name = given ?? placeOf(uris[0] ?? '');
      const client = { id: newId(), name, redirectUris: uris };
      await removeUnused(db);
      await db.oauthClient.create({ data: client, select: { id: true } });
      return { ...client, host: null };
    },
  };
}

function clientOf(url: string, content: unknown): OauthClient {
  const { host } = new URL(url);
  try {
    const { client_id: id, client_name: name, redirect_uris: uris } = parsed(document, content);
    if (id !== url) throw new NoDocument(`The metadata at ${host} belongs to another application.`);
    return { id, name, redirectUris: uris, host };
  } catch (error) {
    if (!(error instanceof InvalidMetadata)) throw error;
    throw new NoDocument(`The application’s metadata at ${host} is not valid: ${error.message}`);
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { path = [], message = 'The metadata must be a JSON object.' } = result.error.issues[0] ?? {};
  const field = String(path[0] ?? '');
  throw new InvalidMetadata(
    field === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    message.startsWith('`') || message.startsWith('A ') ? message : `\`${field}\` ${message}`,
  );
}

async function removeUnused(db: Database): Promise<void> {
  const before = (days: number) => new Date(Date.now() - days * DAY_MS);
  await db.$executeRaw`
    /* removeUnusedClients */ DELETE FROM oauth_clients
    WHERE coalesce(authorized_at < ${before(USED_DAYS)}, created_at < ${before(UNUSED_DAYS)})
       OR id IN (
         SELECT id FROM oauth_clients WHERE authorized_at IS NULL ORDER BY id
         LIMIT greatest(0, (SELECT count(*) FROM oauth_clients) - ${MOST_CLIENTS - 1}))`;
}
