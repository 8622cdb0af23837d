import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type {
  ApiTokenScope,
  ConnectedApplication,
  OauthResource,
} from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, NotFound, Unauthenticated } from '../errors.ts';
import { newId } from '../ids.ts';
import { append } from '../log/append.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { requireSession, visible, type Holder } from '../policy.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockUser } from '../sql/locks.ts';
import { limitCredential, limitedTo, limitOf } from './team-limit.ts';
import { idOf, parse } from './validation.ts';

/** Let secret scanners recognize leaked tokens. */
const CODE = 'twc_';
const ACCESS = 'twa_';
const REFRESH = 'twr_';
const SECRET_LENGTH = 43;

const MOST_APPLICATIONS = 100;

/** A token must not widen or keep its own access. */
export const FOR_SESSIONS = 'Tokens cannot connect or disconnect applications.';

const MINUTE_MS = 60_000;
const CODE_MS = MINUTE_MS;
export const ACCESS_SECONDS = 60 * 60;
export const CONNECTED_DAYS = 30;
const CONNECTED_MS = CONNECTED_DAYS * 24 * 60 * MINUTE_MS;

/** Which resources the token of one opens. */
const OPENS: Readonly<Record<OauthResource, readonly OauthResource[]>> = {
  MCP: ['MCP', 'MCP_READONLY'],
  MCP_READONLY: ['MCP_READONLY'],
  GRAPHQL: ['GRAPHQL'],
};

/** The credential in use. Only a session can connect or disconnect applications. */
/** A validated authorization request. */
export interface Approval {
  clientId: string;
  name: string;
  redirectUri: string;
  resource: OauthResource;
  scopes: ApiTokenScope[];
  codeChallenge: string;
}

export interface NewApplication {
  id: string;
  code: string;
  cursor: string;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  scopes: ApiTokenScope[];
}

/** An error of the token endpoint that means: ask the person again (RFC 6749, section 5.2). */
export class InvalidGrant extends Error {
  override readonly name = 'InvalidGrant';
}

export function opens(issuedFor: OauthResource, wanted: OauthResource): boolean {
  return OPENS[issuedFor].includes(wanted);
}

/**
 * Ends the connection if the client does not use the code within a minute.
 * @param given the limit that the person chose.
 * @throws Conflict at 100 applications; NotFound for a team that the person is not in.
 */
export async function connectApplication(
  db: Database,
  holder: Holder,
  approval: Approval,
  given: { teamIds?: unknown } = {},
): Promise<NewApplication> {
  const { teamIds } = parse(z.object({ teamIds: limitedTo }), given);
  requireSession(holder, FOR_SESSIONS);
  const { userId } = holder;
  const code = CODE + newSecret();
  const id = newId();
  return inTransaction(db, async (tx) => {
    await lockUser(tx, userId);
    const now = new Date();
    await tx.connectedApplication.deleteMany({ where: { userId, expiresAt: { lte: now } } });
    if ((await tx.connectedApplication.count({ where: { userId } })) >= MOST_APPLICATIONS)
      throw new Conflict(
        `You have reached the limit of ${MOST_APPLICATIONS} connected applications. Disconnect an application you no longer use.`,
      );
    const codeExpiresAt = new Date(now.getTime() + CODE_MS);
    const data = {
      ...approval,
      id,
      userId,
      codeHash: hashOfSecret(code),
      codeExpiresAt,
      expiresAt: codeExpiresAt,
      isLimited: teamIds !== null,
    };
    await tx.connectedApplication.create({ data, select: { id: true } });
    if (teamIds) await limitCredential(tx, holder, { applicationId: id }, teamIds);
    // The id of a metadata document is a URL.
    if (z.uuid().safeParse(approval.clientId).success)
      await tx.oauthClient.updateMany({ where: { id: approval.clientId }, data: { authorizedAt: now } });
    const event = { kind: 'application.connected', actorId: userId, subjectId: id, data: {} } as const;
    return { id, code, cursor: await append(tx, event) };
  });
}

/** Idempotent. */
export async function disconnectApplication(
  db: Database,
  holder: Holder,
  input: unknown,
): Promise<{ id: string; cursor: string }> {
  const { id } = parse(z.object({ id: idOf('ConnectedApplication') }), input);
  requireSession(holder, FOR_SESSIONS);
  return inTransaction(db, async (tx) => {
    const where = { id, AND: visible.connectedApplication(holder) };
    const { count } = await tx.connectedApplication.deleteMany({ where });
    if (count > 0) return { id, cursor: await appendDisconnected(tx, holder.userId, id) };
    const earlier = await earlierRemoval(tx, 'application.disconnected', holder, id);
    if (earlier === null) throw new NotFound('application', id);
    return { id, cursor: earlier };
  });
}

/** @returns the ids of the disconnected applications. */
export async function disconnectAll(tx: Transaction, userId: string): Promise<string[]> {
  const found = await tx.connectedApplication.findMany({ where: { userId }, select: { id: true } });
  await tx.connectedApplication.deleteMany({ where: { userId } });
  for (const { id } of found) await appendDisconnected(tx, userId, id);
  return found.map(({ id }) => id);
}

function appendDisconnected(tx: Transaction, actorId: string, id: string): Promise<string> {
  return append(tx, { kind: 'application.disconnected', actorId, subjectId: id, data: {} });
}

/** What a client sends with a code or a refresh token. Undefined values are not checked. */
interface Presented {
  token: string;
  clientId: string;
  resource: OauthResource | undefined;
}

interface PresentedCode extends Presented {
  redirectUri: string | undefined;
  verifier: string;
}

/** Drops cached credentials of an application in this process. Others learn of its end by the event. */
type Forget = (id: string) => void;

/**
 * Exchanges an authorization code. A second use disconnects the application, since the code may have been copied.
 * @throws InvalidGrant
 */
export async function redeemCode(db: Database, presented: PresentedCode, forget: Forget): Promise<Tokens> {
  const codeHash = hashOfSecret(presented.token);
  const found = await db.connectedApplication.findUnique({ where: { codeHash } });
  if (found?.clientId !== presented.clientId) throw new InvalidGrant('This code is not valid.');
  if (found.accessHash !== null) return endReused(db, found, forget);
  const challenge = createHash('sha256').update(presented.verifier).digest('base64url');
  if (presented.redirectUri !== undefined && presented.redirectUri !== found.redirectUri)
    throw new InvalidGrant('`redirect_uri` differs from that of the authorization request.');
  if (challenge !== found.codeChallenge)
    throw new InvalidGrant('`code_verifier` does not belong to the authorization request.');
  refuseOtherResource(found, presented);
  const now = new Date();
  const family = newSecret();
  const { tokens, hashes } = newTokens(now, found, family);
  const { count } = await db.connectedApplication.updateMany({
    where: { codeHash, accessHash: null, codeExpiresAt: { gt: now } },
    data: {
      ...hashes,
      refreshFamilyHash: hashOfSecret(family),
      expiresAt: new Date(found.createdAt.getTime() + CONNECTED_MS),
    },
  });
  if (count > 0) return tokens;
  const again = await db.connectedApplication.findUnique({ where: { codeHash } });
  if (again?.accessHash) return endReused(db, found, forget);
  throw new InvalidGrant('This code has expired.');
}

/**
 * Replaces both tokens. A refresh token that was used before disconnects the application, since one of its two users
 * has copied it.
 * @throws InvalidGrant
 */
export async function refreshTokens(db: Database, presented: Presented, forget: Forget): Promise<Tokens> {
  const family = familyOf(presented.token);
  const found =
    family &&
    (await db.connectedApplication.findUnique({ where: { refreshFamilyHash: hashOfSecret(family) } }));
  const now = new Date();
  if (!found || found.clientId !== presented.clientId || found.expiresAt <= now)
    throw new InvalidGrant(
      'This refresh token is not valid or has expired, or its application was disconnected.',
    );
  const refreshHash = hashOfSecret(presented.token);
  if (!isSame(found.refreshHash, refreshHash)) return endReused(db, found, forget);
  refuseOtherResource(found, presented);
  const { tokens, hashes } = newTokens(now, found, family);
  // A concurrent use of the same token waits here, and then finds another one.
  const { count } = await db.connectedApplication.updateMany({
    where: { id: found.id, refreshHash },
    data: hashes,
  });
  if (count === 0) return endReused(db, found, forget);
  forget(found.id);
  return tokens;
}

/** RFC 7009: does nothing for unknown tokens and for those of other clients. */
export async function revokeToken(
  db: Database,
  { token, clientId }: { token: string; clientId: string | undefined },
  forget: Forget,
): Promise<void> {
  const family = familyOf(token);
  const where = family ? { refreshFamilyHash: hashOfSecret(family) } : { accessHash: hashOfSecret(token) };
  const found = await db.connectedApplication.findUnique({
    where,
    select: { id: true, userId: true, clientId: true },
  });
  if (!found || (clientId !== undefined && clientId !== found.clientId)) return;
  await inTransaction(db, async (tx) => {
    const { count } = await tx.connectedApplication.deleteMany({ where: { id: found.id } });
    if (count > 0) await appendDisconnected(tx, found.userId, found.id);
  });
  forget(found.id);
}

type Found = Pick<ConnectedApplication, 'id' | 'userId'>;

async function endReused(db: Database, { id, userId }: Found, forget: Forget): Promise<never> {
  await inTransaction(db, async (tx) => {
    const { count } = await tx.connectedApplication.deleteMany({ where: { id } });
    if (count === 0) return;
    await append(tx, {
      kind: 'application.tokenReused',
      actorId: null,
      personId: userId,
      subjectId: id,
      data: {},
    });
  });
  forget(id);
  throw new InvalidGrant('This was used before, so the application was disconnected. Connect it again.');
}

function refuseOtherResource({ resource }: ConnectedApplication, presented: Presented): void {
  if (presented.resource !== undefined && presented.resource !== resource)
    throw new InvalidGrant('`resource` differs from that of the authorization request.');
}

function newTokens(now: Date, { scopes }: ConnectedApplication, family: string) {
  const accessToken = ACCESS + newSecret();
  const refreshToken = REFRESH + family + newSecret();
  return {
    tokens: { accessToken, refreshToken, scopes },
    hashes: {
      accessHash: hashOfSecret(accessToken),
      accessExpiresAt: new Date(now.getTime() + ACCESS_SECONDS * 1000),
      refreshHash: hashOfSecret(refreshToken),
    },
  };
}

/** The part of a refresh token that stays the same; null for anything else. */
function familyOf(token: string): string | null {
  if (!token.startsWith(REFRESH) || token.length !== REFRESH.length + 2 * SECRET_LENGTH) return null;
  return token.slice(REFRESH.length, REFRESH.length + SECRET_LENGTH);
}

function isSame(stored: Uint8Array | null, given: Uint8Array): boolean {
  return stored !== null && timingSafeEqual(stored, given);
}

export function isAccessToken(credential: string): boolean {
  return credential.startsWith(ACCESS);
}

/** @throws Unauthenticated for an unknown or expired token. */
export async function useAccessToken(db: Database, token: string) {
  const now = new Date();
  const found = await db.connectedApplication.findUnique({ where: { accessHash: hashOfSecret(token) } });
  if (!found)
    throw new Unauthenticated('This access token is not valid, or its application was disconnected.');
  const { id, userId, name, scopes, resource, lastUsedAt, accessExpiresAt, expiresAt } = found;
  const endsAt = accessExpiresAt !== null && accessExpiresAt < expiresAt ? accessExpiresAt : expiresAt;
  if (endsAt <= now) throw new Unauthenticated('This access token has expired. Refresh it.');
  if (now.getTime() - (lastUsedAt?.getTime() ?? 0) >= MINUTE_MS)
    await db.connectedApplication.updateMany({ where: { id, lastUsedAt }, data: { lastUsedAt: now } });
  const mayWrite = scopes.includes('WRITE');
  const limit = await limitOf(db, found);
  return { userId, limit, tokenId: id, tokenName: name, mayWrite, resource, endsAt };
}
