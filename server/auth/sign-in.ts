import { isAPIError } from 'better-auth/api';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { parse } from '../domain/validation.ts';
import { endSessions } from '../domain/session.ts';
import { checkTimezone, newPerson, updateUser } from '../domain/user.ts';
import { Conflict, Unauthenticated, ValidationFailed } from '../errors.ts';
import { PASSWORD, type Auth } from './auth.ts';
import type { Credentials, SignedIn } from './credentials.ts';
import { ruleOutDatabaseFailure } from './database-failure.ts';

/** A fresh session: a JWT for programs, cookies for browsers. */
export interface NewSession {
  viewer: SignedIn;
  token: string;
  expiresAt: Date;
  cookies: string[];
}

export interface Gate {
  db: Database;
  auth: Auth;
  credentials: Credentials;
}

const password = z.string().max(PASSWORD.max, `A password has at most ${PASSWORD.max} characters.`);

const registration = newPerson.extend({
  password: password.min(PASSWORD.min, `A password has ${PASSWORD.min} characters or more.`),
  timezone: z.string().nullish(),
});

const credentials = z.object({ email: z.string(), password });

/**
 * Makes an account and signs its person in.
 * @throws Conflict where the email address has an account.
 */
export async function signUp({ db, auth }: Gate, input: unknown, headers: Headers): Promise<NewSession> {
  const { timezone, ...person } = parse(registration, input);
  if (timezone != null) await checkTimezone(db, timezone);
  const answer = await auth.api
    .signUpEmail({ body: person, headers, returnHeaders: true })
    .catch(async (error: unknown) => {
      await ruleOutDatabaseFailure(db);
      throw isAPIError(error) ? refusedSignUp(error.body?.code) : error;
    });
  const session = await sessionOf(db, auth, answer.response.token, answer.headers);
  if (timezone != null) await updateUser(db, session.viewer, { timezone });
  return session;
}

/** @throws Unauthenticated where the address or the password is wrong; it does not tell which. */
export async function signIn({ db, auth }: Gate, input: unknown, headers: Headers): Promise<NewSession> {
  const answer = await auth.api
    .signInEmail({ body: parse(credentials, input), headers, returnHeaders: true })
    .catch(async (error: unknown) => {
      await ruleOutDatabaseFailure(db);
      throw isAPIError(error) ? new Unauthenticated('The email address or the password is wrong.') : error;
    });
  return sessionOf(db, auth, answer.response.token, answer.headers);
}

/**
 * Ends the session, with every token and cookie that rests on it.
 * @returns cookies that clear the browser's.
 */
export async function signOut(gate: Gate, { sessionId }: SignedIn, headers: Headers): Promise<string[]> {
  const cleared = await gate.auth.api.signOut({ headers, returnHeaders: true });
  await inTransaction(gate.db, (tx) => endSessions(tx, { id: sessionId }));
  gate.credentials.forget(sessionId);
  return cleared.headers.getSetCookie();
}

async function sessionOf(
  db: Database,
  auth: Auth,
  sessionToken: string | null,
  headers: Headers,
): Promise<NewSession> {
  const { id, userId, expiresAt } = await db.session.findUniqueOrThrow({
    where: { token: sessionToken ?? '' },
  });
  const exp = Math.floor(expiresAt.getTime() / 1000);
  const { token } = await auth.api.signJWT({ body: { payload: { sub: userId, sid: id, exp } } });
  return { viewer: { userId, sessionId: id }, token, expiresAt, cookies: headers.getSetCookie() };
}

function refusedSignUp(code: string | undefined) {
  if (code?.startsWith('USER_ALREADY_EXISTS')) {
    return new Conflict('This email address has an account already; sign in with it.', { field: 'email' });
  }
  return new ValidationFailed('The account could not be made from these details; check them and try again.');
}
