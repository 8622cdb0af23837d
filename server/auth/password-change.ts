import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { disconnectAll } from '../domain/connected-application.ts';
import { parse } from '../domain/validation.ts';
import { Conflict, ValidationFailed } from '../errors.ts';
import { append } from '../log/append.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockUser } from '../sql/locks.ts';
import { requireSession } from '../policy.ts';
import { accountWith, checkPassword, CREDENTIAL } from './account.ts';
import type { SignedIn } from './credentials.ts';
import { givenPassword, hashPassword, newPassword } from './passwords.ts';

export const RESET_MINUTES = 60;
const RESET = 'password-reset:';

export interface PasswordChange {
  endedSessionIds: string[];
  revokedApiTokenIds: string[];
  disconnectedApplicationIds: string[];
  cursor: string;
}

const change = z.object({
  currentPassword: givenPassword,
  newPassword,
  revokeApiTokens: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
});

const reset = z.object({ token: z.string(), newPassword });

/** @throws ValidationFailed if the current password is wrong; RateLimited; Forbidden for an API token. */
export async function changePassword(
  db: Database,
  limits: SignInLimits,
  holder: SignedIn,
  input: unknown,
): Promise<PasswordChange> {
  const wanted = parse(change, input);
  const { userId } = holder;
  const keep = sessionOf(holder);
  const { email } = await db.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } });
  const account = await checkPassword(db, limits, { email, isKnown: false }, wanted.currentPassword);
  if (!account) throw new ValidationFailed('The current password is wrong.', { field: 'currentPassword' });
  const stored = await hashPassword(wanted.newPassword);
  return inTransaction(db, (tx) =>
    setPassword(tx, userId, {
      stored,
      by: 'person',
      keep,
      expected: account.password,
      revokeApiTokens: wanted.revokeApiTokens,
    }),
  );
}

/** @throws Forbidden for an API token, which cannot manage passwords or sessions. */
export function sessionOf(holder: SignedIn): string {
  return requireSession(holder, 'API tokens cannot manage passwords or sessions.');
}

/** Replaces an earlier link and ends the account's sessions. @throws NotFound if there is no account. */
export async function issuePasswordReset(db: Database, email: string): Promise<string> {
  const token = newSecret();
  await inTransaction(db, async (tx) => {
    const userId = await accountWith(tx, email);
    await lockUser(tx, userId);
    await forgetResets(tx, userId);
    const expiresAt = new Date(Date.now() + RESET_MINUTES * 60_000);
    const data = { identifier: resetOf(token), value: userId, expiresAt };
    await tx.verification.create({ data, select: { id: true } });
    await tx.session.deleteMany({ where: { userId } });
    const event = { kind: 'password.resetIssued', actorId: null, subjectId: null, personId: userId } as const;
    await append(tx, { ...event, data: {} });
  });
  return token;
}

/** @throws ValidationFailed if the link is invalid, used or expired. */
export async function resetPassword(
  db: Database,
  input: unknown,
): Promise<PasswordChange & { email: string }> {
  const wanted = parse(reset, input);
  const where = { identifier: resetOf(wanted.token), expiresAt: { gt: new Date() } };
  // Hashing is expensive, so the link is checked first.
  if ((await db.verification.count({ where })) === 0) throw invalidLink();
  const stored = await hashPassword(wanted.newPassword);
  return inTransaction(db, async (tx) => {
    const found = await tx.verification.findFirst({ where, select: { value: true } });
    const { count } = await tx.verification.deleteMany({ where });
    if (!found || count === 0) throw invalidLink();
    const { email } = await tx.user.findUniqueOrThrow({
      where: { id: found.value },
      select: { email: true },
    });
    const options = { stored, by: 'reset', keep: null, expected: undefined, revokeApiTokens: false } as const;
    return { ...(await setPassword(tx, found.value, options)), email };
  });
}

interface NewPassword {
  stored: string;
  by: 'person' | 'reset';
  keep: string | null;
  /** The stored password that must be replaced; undefined for any. */
  expected: string | null | undefined;
  revokeApiTokens: boolean;
}

async function setPassword(
  tx: Transaction,
  userId: string,
  { stored, by, keep, expected, revokeApiTokens }: NewPassword,
): Promise<PasswordChange> {
  await lockUser(tx, userId);
  const { count } = await tx.account.updateMany({
    where: { userId, providerId: CREDENTIAL, ...(expected === undefined ? {} : { password: expected }) },
    data: { password: stored, failedSignIns: 0 },
  });
  if (count === 0) throw new Conflict('The password was changed concurrently. Sign in with the new one.');
  const ended = { userId, ...(keep === null ? {} : { id: { not: keep } }) };
  const sessions = await tx.session.findMany({ where: ended, select: { id: true } });
  await tx.session.deleteMany({ where: ended });
  const tokens = revokeApiTokens
    ? await tx.apiToken.findMany({ where: { userId }, select: { id: true } })
    : [];
  if (revokeApiTokens) await tx.apiToken.deleteMany({ where: { userId } });
  for (const { id } of tokens)
    await append(tx, { kind: 'apiToken.revoked', actorId: userId, subjectId: id, data: {} });
  const disconnectedApplicationIds = revokeApiTokens ? await disconnectAll(tx, userId) : [];
  await forgetResets(tx, userId);
  const event = { kind: 'password.changed', actorId: userId, subjectId: userId, data: { by } } as const;
  return {
    endedSessionIds: sessions.map(({ id }) => id),
    revokedApiTokenIds: tokens.map(({ id }) => id),
    disconnectedApplicationIds,
    cursor: await append(tx, event),
  };
}

async function forgetResets(tx: Transaction, userId: string): Promise<void> {
  await tx.verification.deleteMany({ where: { value: userId, identifier: { startsWith: RESET } } });
}

function resetOf(token: string): string {
  return RESET + Buffer.from(hashOfSecret(token)).toString('base64url');
}

function invalidLink() {
  return new ValidationFailed(
    'This link was already used or has expired. Ask your administrator for a new one.',
    {
      field: 'token',
    },
  );
}
