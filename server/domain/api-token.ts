import { z } from 'zod';
import { ApiTokenScope, type ApiToken } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound, Unauthenticated } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append } from '../log/append.ts';
import { recordRefusedToken } from '../log/access-audit.ts';
import { newId } from '../ids.ts';
import { visible, type Person } from '../policy.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockUser } from '../sql/locks.ts';
import { idOf, parse, line } from './validation.ts';

/** Makes a leaked token recognisable to those who look for them. */
const PREFIX = 'twp_';

/** More than anybody can tell apart; a program that makes them in a loop is stopped here. */
const MOST_TOKENS = 100;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Who manages tokens, and by which: a token must not make itself a successor. */
interface Holder extends Person {
  tokenId: string | null;
}

/** What making a token hands back; the token itself is never to be had again. */
export interface NewApiToken {
  id: string;
  token: string;
  cursor: string;
}

const creation = z.object({
  name: line('The name', { min: 1, max: 100 }),
  scopes: z
    .array(z.enum(ApiTokenScope))
    .min(1, 'A token needs a scope, READ or WRITE.')
    .transform((given): ApiTokenScope[] => (given.includes('WRITE') ? ['READ', 'WRITE'] : ['READ'])),
  expiresAt: z
    .date('A moment reads like 2026-12-31T18:00:00Z.')
    .refine(
      (at) => at > new Date(),
      'A token can only run out in the future; leave this out if it never should.',
    )
    .nullish()
    .transform((value) => value ?? null),
});

/**
 * Makes a token that stands for the person. WRITE comes with READ.
 * @throws Conflict where they have a hundred.
 */
export async function createApiToken(db: Database, holder: Holder, input: unknown): Promise<NewApiToken> {
  const wanted = parse(creation, input);
  refuseToken(holder);
  const { userId } = holder;
  const token = PREFIX + newSecret();
  const id = newId();
  return inTransaction(db, async (tx) => {
    await lockUser(tx, userId);
    if ((await tx.apiToken.count({ where: { userId } })) >= MOST_TOKENS)
      throw new Conflict(`You have ${MOST_TOKENS} tokens already; revoke one that you no longer use.`);
    const data = { ...wanted, id, userId, hash: hashOfSecret(token) };
    await tx.apiToken.create({ data, select: { id: true } });
    const cursor = await append(tx, { kind: 'apiToken.created', actorId: userId, subjectId: id, data: {} });
    return { id, token, cursor };
  });
}

/** Ends a token for good. Revoking it again is harmless. */
export async function revokeApiToken(
  db: Database,
  holder: Holder,
  input: unknown,
): Promise<{ id: string; cursor: string }> {
  const { id } = parse(z.object({ id: idOf('ApiToken') }), input);
  refuseToken(holder);
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

function refuseToken({ tokenId }: Holder): void {
  if (tokenId === null) return;
  throw new Forbidden('An API token can neither make nor revoke tokens; sign in for that.', tokenId);
}

/** Whether a credential claims to be an API token. */
export function isApiToken(credential: string): boolean {
  return credential.startsWith(PREFIX);
}

/**
 * Whom a token stands for, and what it allows. The moment is kept once a minute, and the first use in each hour of
 * the clock is an event.
 * @throws Unauthenticated where there is no such token, or it has run out.
 */
export async function useApiToken(db: Database, token: string) {
  const now = new Date();
  const where = { hash: hashOfSecret(token) };
  const found = await db.apiToken.findUnique({ where, omit: { hash: true } });
  if (!found) throw new Unauthenticated('This API token is not valid, or was revoked; make a new one.');
  if (found.expiresAt !== null && found.expiresAt <= now) {
    await recordRefusedToken(db, found, new Date(now.getTime() - HOUR_MS));
    throw new Unauthenticated('This API token has run out; make a new one.');
  }
  if (now.getTime() - (found.lastUsedAt?.getTime() ?? 0) >= MINUTE_MS) await recordUse(db, found, now);
  const { id, userId, scopes, expiresAt } = found;
  return { userId, tokenId: id, mayWrite: scopes.includes('WRITE'), expiresAt };
}

async function recordUse(db: Database, token: Omit<ApiToken, 'hash'>, now: Date): Promise<void> {
  const { id, userId, lastUsedAt, updatedAt } = token;
  await inTransaction(db, async (tx) => {
    // Of several at once, in whichever process, one counts.
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
