import { z } from 'zod';
import { ApiTokenScope, type ApiToken } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { Conflict, NotFound, Unauthenticated } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append } from '../log/append.ts';
import { recordRefusedToken } from '../log/access-audit.ts';
import { newId } from '../ids.ts';
import { requireSession, visible, type Holder } from '../policy.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockUser } from '../sql/locks.ts';
import { limitCredential, limitedTo, limitOf } from './team-limit.ts';
import { idOf, parse, line } from './validation.ts';

/** Lets secret scanners recognize leaked tokens. */
const PREFIX = 'twp_';

const MOST_TOKENS = 100;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A token must not create or revoke tokens. */
const FOR_SESSIONS = 'API tokens cannot create or revoke tokens.';

/** The token itself cannot be read again. */
export interface NewApiToken {
  id: string;
  token: string;
  cursor: string;
}

const creation = z.object({
  name: line('The name', { min: 1, max: 100 }),
  scopes: z
    .array(z.enum(ApiTokenScope))
    .min(1, '`scopes` must contain READ or WRITE.')
    .transform((given): ApiTokenScope[] => (given.includes('WRITE') ? ['READ', 'WRITE'] : ['READ'])),
  expiresAt: z
    .date('Enter a time in the form 2026-12-31T18:00:00Z.')
    .refine(
      (at) => at > new Date(),
      '`expiresAt` must be in the future. Omit it for a token that does not expire.',
    )
    .nullish()
    .transform((value) => value ?? null),
  teamIds: limitedTo,
});

/** @throws Conflict if the person has 100 tokens; NotFound for a team that they are not in. */
export async function createApiToken(db: Database, holder: Holder, input: unknown): Promise<NewApiToken> {
  const { teamIds, ...wanted } = parse(creation, input);
  requireSession(holder, FOR_SESSIONS);
  const { userId } = holder;
  const token = PREFIX + newSecret();
  const id = newId();
  return inTransaction(db, async (tx) => {
    await lockUser(tx, userId);
    if ((await tx.apiToken.count({ where: { userId } })) >= MOST_TOKENS)
      throw new Conflict(
        `You have reached the limit of ${MOST_TOKENS} tokens. Revoke a token you no longer use.`,
      );
    const data = { ...wanted, id, userId, hash: hashOfSecret(token), isLimited: teamIds !== null };
    await tx.apiToken.create({ data, select: { id: true } });
    if (teamIds) await limitCredential(tx, holder, { apiTokenId: id }, teamIds);
    const cursor = await append(tx, { kind: 'apiToken.created', actorId: userId, subjectId: id, data: {} });
    return { id, token, cursor };
  });
}

/** Idempotent. */
export async function revokeApiToken(
  db: Database,
  holder: Holder,
  input: unknown,
): Promise<{ id: string; cursor: string }> {
  const { id } = parse(z.object({ id: idOf('ApiToken') }), input);
  requireSession(holder, FOR_SESSIONS);
  return inTransaction(db, async (tx) => {
    const { count } = await tx.apiToken.deleteMany({ where: { id, AND: visible.apiToken(holder) } });
    if (count === 0) {
      const earlier = await earlierRemoval(tx, 'apiToken.revoked', holder, id);
      if (earlier === null) throw new NotFound('token', id);
      return { id, cursor: earlier };
    }
    const event = { kind: 'apiToken.revoked', actorId: holder.userId, subjectId: id, data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

export function isApiToken(credential: string): boolean {
  return credential.startsWith(PREFIX);
}

/** The first use in each clock hour is an event. @throws Unauthenticated for an unknown or expired token. */
export async function useApiToken(db: Database, token: string) {
  const now = new Date();
  const where = { hash: hashOfSecret(token) };
  const found = await db.apiToken.findUnique({ where, omit: { hash: true } });
  if (!found) throw new Unauthenticated('This API token is not valid or has been revoked. Create a new one.');
  if (found.expiresAt !== null && found.expiresAt <= now) {
    await recordRefusedToken(db, found, new Date(now.getTime() - HOUR_MS));
    throw new Unauthenticated('This API token has expired. Create a new one.');
  }
  if (now.getTime() - (found.lastUsedAt?.getTime() ?? 0) >= MINUTE_MS) await recordUse(db, found, now);
  const { id, userId, name, scopes, expiresAt } = found;
  const limit = await limitOf(db, found);
  return { userId, limit, tokenId: id, tokenName: name, mayWrite: scopes.includes('WRITE'), expiresAt };
}

async function recordUse(db: Database, token: Omit<ApiToken, 'hash'>, now: Date): Promise<void> {
  const { id, userId, lastUsedAt, updatedAt } = token;
  await inTransaction(db, async (tx) => {
    // Of concurrent uses, in any process, one succeeds.
    const { count } = await tx.apiToken.updateMany({
      where: { id, lastUsedAt },
      data: { lastUsedAt: now, updatedAt },
    });
    if (count === 0 || hourOf(lastUsedAt) === hourOf(now)) return;
    await append(tx, { kind: 'apiToken.used', actorId: userId, subjectId: id, data: {} });
  });
}

function hourOf(moment: Date | null): number | null {
  return moment && Math.floor(moment.getTime() / HOUR_MS);
}
