import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Session, User } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { newPerson } from '../domain/user.ts';
import { emailAddress } from '../domain/email-address.ts';
import { parse } from '../domain/validation.ts';
import { Conflict, NotFound, Unauthenticated } from '../errors.ts';
import { append } from '../log/append.ts';
import { recordFailedSignIn } from '../log/access-audit.ts';
import { newId } from '../ids.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import { currentRequest } from '../request-context.ts';
import { knownTimezone } from '../sql/timezone.ts';
import { newSecret } from '../secrets.ts';
import { secretOf } from '../domain/share-offer.ts';
import { lockSignUps } from '../sql/locks.ts';
import type { SignUpMode } from './sign-up-mode.ts';
import { requireSignUp } from './sign-up-rule.ts';
import { givenPassword, hashPassword, isPassword, newPassword } from './passwords.ts';

/** From the last renewal. Tokens expire with their session. */
export const SESSION_SECONDS = 30 * 24 * 60 * 60;

const MOST_SESSIONS = 500;
const TOKEN_BYTES = 24;
const LONGEST_AGENT = 300;

export const CREDENTIAL = 'credential';

const registration = newPerson.extend({
  password: newPassword,
  timezone: z.string().nullish(),
  secret: secretOf.nullish(),
});

const credentials = z.object({ email: z.string('The address must be text.'), password: givenPassword });

export interface Begun {
  user: User;
  session: Session;
}

/** An unknown time zone becomes UTC. @throws Conflict if the email address has an account; Forbidden by `mode`. */
export async function createAccount(
  db: Database,
  limits: SignInLimits,
  mode: SignUpMode,
  input: unknown,
  agent: string | null,
): Promise<Begun> {
  const { password, timezone, secret = null, ...person } = parse(registration, input);
  await limits.beforeSignUp();
  const address = { email: person.email, secret };
  await requireSignUp(db, mode, address);
  if ((await db.user.count({ where: { email: person.email } })) > 0) throw takenAddress();
  const zone = timezone == null ? null : await knownTimezone(db, timezone);
  const stored = await hashPassword(password);
  const id = newId();
  return inTransaction(db, async (tx) => {
    // Two people can both have found that they are the first.
    if (mode !== 'open') {
      await lockSignUps(tx);
      await requireSignUp(tx, mode, address);
    }
    const user = await insertAccount(tx, { ...person, id, timezone: zone ?? 'UTC' }, stored);
    return { user, session: await startSession(tx, id, agent) };
  });
}

/** Creates an account whose person still has to choose a password. @throws Conflict if the address has an account. */
export async function createAccountFor(db: Database, input: unknown): Promise<void> {
  const person = parse(newPerson, input);
  const stored = await hashPassword(newSecret());
  await inTransaction(db, (tx) => insertAccount(tx, { ...person, id: newId(), timezone: 'UTC' }, stored));
}

async function insertAccount(
  tx: Transaction,
  data: z.output<typeof newPerson> & { id: string; timezone: string },
  password: string,
): Promise<User> {
  // Handles concurrent sign-ups with the same address.
  const [user] = await tx.user.createManyAndReturn({ data: [data], skipDuplicates: true });
  if (!user) throw takenAddress();
  const account = { userId: user.id, accountId: user.id, providerId: CREDENTIAL, password };
  await tx.account.create({ data: account, select: { id: true } });
  return user;
}

/**
 * @param isKnown whether this browser has signed in to the account before.
 * @throws Unauthenticated if the address or the password is wrong, without telling which.
 */
export async function beginSession(
  db: Database,
  limits: SignInLimits,
  input: unknown,
  { isKnown, agent }: { isKnown: (email: string) => Promise<boolean>; agent: string | null },
): Promise<Begun & { failedSignIns: number }> {
  const { email, password } = parse(credentials, input);
  const account = await checkPassword(db, limits, { email, isKnown: await isKnown(email) }, password);
  if (!account) throw new Unauthenticated('The email address or the password is wrong.');
  const { user, failedSignIns } = account;
  return inTransaction(db, async (tx) => {
    if (failedSignIns > 0)
      await tx.account.update({
        where: { id: account.id },
        data: { failedSignIns: 0 },
        select: { id: true },
      });
    return { user, session: await startSession(tx, user.id, agent), failedSignIns };
  });
}

/** Null if the password is wrong or there is no account. Call it outside transactions. @throws RateLimited */
export async function checkPassword(
  db: Database,
  limits: SignInLimits,
  { email, isKnown }: { email: string; isKnown: boolean },
  password: string,
) {
  const { data: address } = emailAddress.safeParse(email);
  const where = { providerId: CREDENTIAL, user: { email: address ?? '' } };
  const attempt = await limits.beforeSignIn(email, isKnown, async () => {
    const locked = await db.account.findFirst({ where, select: { unlockedAt: true } });
    return locked?.unlockedAt ?? null;
  });
  const account = await db.account.findFirst({
    where,
    select: { id: true, userId: true, password: true, failedSignIns: true, user: true },
  });
  if (!(await isPassword(account?.password, password)) || !account) {
    if (address !== undefined) await recordFailedSignIn(db, account?.userId ?? null);
    return null;
  }
  await attempt.succeeded();
  return account;
}

/** Lifts the sign-in limits of an account, in all processes. @throws NotFound if the address has no account. */
export async function unlockAccount(db: Database, email: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const userId = await accountWith(tx, email);
    const where = { userId, providerId: CREDENTIAL };
    await tx.account.updateMany({ where, data: { unlockedAt: new Date() } });
    const event = { kind: 'account.unlocked', actorId: null, subjectId: null, personId: userId } as const;
    await append(tx, { ...event, data: {} });
  });
}

/** Idempotent. @throws NotFound if the address has no account. */
export async function verifyAccount(db: Database, email: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const id = await accountWith(tx, email);
    const { count } = await tx.user.updateMany({
      where: { id, emailVerified: false },
      data: { emailVerified: true },
    });
    if (count === 0) return;
    const event = { kind: 'account.verified', actorId: null, subjectId: null, personId: id } as const;
    await append(tx, { ...event, data: {} });
  });
}

export async function unverifiedOf(db: Database, emails: readonly string[]): Promise<string[]> {
  const where = { email: { in: [...emails] }, emailVerified: true };
  const verified = await db.user.findMany({ where, select: { email: true } });
  return emails.filter((email) => !verified.some((user) => user.email === email));
}

/** @throws NotFound if the address has no account. */
export async function accountWith(tx: Transaction, given: string): Promise<string> {
  const email = emailAddress.safeParse(given).data ?? '';
  const user = await tx.user.findUnique({ where: { email }, select: { id: true } });
  if (!user) throw new NotFound('account');
  return user.id;
}

/** Starts a session, and ends the least recently used one above the limit. Triggers append the events. */
async function startSession(tx: Transaction, userId: string, agent: string | null): Promise<Session> {
  const tooMany = await tx.session.findMany({
    where: { userId },
    orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
    skip: MOST_SESSIONS - 1,
    select: { id: true },
  });
  if (tooMany.length > 0) await tx.session.deleteMany({ where: { id: { in: tooMany.map(({ id }) => id) } } });
  return tx.session.create({
    data: {
      userId,
      token: randomBytes(TOKEN_BYTES).toString('base64url'),
      expiresAt: new Date(Date.now() + SESSION_SECONDS * 1000),
      ipAddress: currentRequest()?.address ?? null,
      userAgent: agent?.slice(0, LONGEST_AGENT) ?? null,
    },
  });
}

function takenAddress() {
  return new Conflict('This email address already has an account. Sign in instead.', { field: 'email' });
}
