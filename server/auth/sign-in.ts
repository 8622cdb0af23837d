import { isAPIError } from 'better-auth/api';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { committed } from '../database/transaction.ts';
import { parse } from '../domain/validation.ts';
import { checkTimezone, newPerson, updateUser } from '../domain/user.ts';
import { Conflict, Forbidden, Unauthenticated, ValidationFailed } from '../errors.ts';
import type { Refusals } from '../events/refusal.ts';
import { PASSWORD, rateLimitOf, type Auth } from './auth.ts';
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
  refusals: Refusals;
  /** Whose accounts read the audit trail, in lower case. */
  adminEmails: ReadonlySet<string>;
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
      const limit = rateLimitOf(error);
      if (limit) throw limit;
      await ruleOutDatabaseFailure(db);
      if (!isAPIError(error)) throw error;
      throw (await isTaken(db, person.email)) ? takenAddress() : refusedSignUp();
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
      const limit = rateLimitOf(error);
      if (limit) throw limit;
      await ruleOutDatabaseFailure(db);
      throw isAPIError(error) ? new Unauthenticated('The email address or the password is wrong.') : error;
    });
  return sessionOf(db, auth, answer.response.token, answer.headers);
}

/**
 * Ends the session, with every token and cookie that rests on it.
 * @throws Forbidden where the credential is an API token, which rests on none.
 * @returns cookies that clear the browser's.
 */
export async function signOut(gate: Gate, { sessionId }: SignedIn, headers: Headers): Promise<string[]> {
  if (sessionId === null)
    throw new Forbidden('An API token has no session to end; sign in, and revoke the token instead.');
  const cleared = await gate.auth.api.signOut({ headers, returnHeaders: true });
  await gate.db.session.deleteMany({ where: { id: sessionId } });
  gate.credentials.forget(sessionId);
  committed(gate.db);
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
  return {
    viewer: { userId, sessionId: id, tokenId: null, mayWrite: true, endsAt: expiresAt },
    token,
    expiresAt,
    cookies: headers.getSetCookie(),
  };
}

/** Two people can ask for one address at the same moment, and the library then tells only one of them why not. */
async function isTaken(db: Database, email: string): Promise<boolean> {
  return (await db.user.count({ where: { email: email.toLowerCase() } })) > 0;
}

function takenAddress() {
  return new Conflict('This email address has an account already; sign in with it.', { field: 'email' });
}

function refusedSignUp() {
  return new ValidationFailed('The account could not be made from these details; check them and try again.');
}
