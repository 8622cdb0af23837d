import type { Database } from '../database/client.ts';
import { committed } from '../database/transaction.ts';
import { Forbidden, Unauthenticated } from '../errors.ts';
import type { AccessAudit } from '../log/access-audit.ts';
import type { InvitationLimits } from '../limits/invitation-limits.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import type { Auth } from './auth.ts';
import type { Credentials, SignedIn } from './credentials.ts';
import { ruleOutDatabaseFailure } from './database-failure.ts';
import type { Origins } from './origins.ts';
import type { Oauth } from '../oauth/authorization.ts';
import type { SignUpMode } from './sign-up-mode.ts';
import { refusalOf, type PasswordEndpoints } from './password-endpoints.ts';

export interface NewSession {
  viewer: SignedIn;
  token: string;
  expiresAt: Date;
  failedSignIns: number;
  cookies: string[];
}

export interface AuthServices {
  db: Database;
  auth: Auth;
  credentials: Credentials;
  signInLimits: SignInLimits;
  invitationLimits: InvitationLimits;
  origins: Origins;
  accessAudit: AccessAudit;
  /** Null if the setting OAUTH is off. */
  oauth: Oauth | null;
  adminEmails: ReadonlySet<string>;
  signUps: SignUpMode;
}

/** @throws Conflict if the email address has an account; Forbidden by SIGN_UPS. */
export async function signUp(
  { db, auth, origins }: AuthServices,
  input: object,
  headers: Headers,
): Promise<NewSession> {
  refuseUntrustedPage(origins, headers);
  const answer = await passwordsOf(auth)
    .signUpEmail({ body: { ...input }, headers, returnHeaders: true })
    .catch((error: unknown) => refuse(db, error));
  return sessionOf(db, auth, answer.response, answer.headers);
}

/** @throws Unauthenticated if the address or the password is wrong, without telling which. */
export async function signIn(
  { db, auth, origins }: AuthServices,
  input: object,
  headers: Headers,
): Promise<NewSession> {
  refuseUntrustedPage(origins, headers);
  const answer = await passwordsOf(auth)
    .signInEmail({ body: { ...input }, headers, returnHeaders: true })
    .catch((error: unknown) => refuse(db, error));
  return sessionOf(db, auth, answer.response, answer.headers);
}

function passwordsOf({ api }: Auth): PasswordEndpoints {
  return api;
}

async function refuse(db: Database, error: unknown): Promise<never> {
  const refusal = refusalOf(error);
  if (refusal) throw refusal;
  await ruleOutDatabaseFailure(db);
  throw error;
}

/** @throws Forbidden for an API token. @returns cookies that clear the browser's. */
export async function signOut(
  authServices: AuthServices,
  { sessionId }: SignedIn,
  headers: Headers,
): Promise<string[]> {
  if (sessionId === null)
    throw new Forbidden('An API token has no session. Sign in and revoke the token instead.');
  const cleared = await authServices.auth.api.signOut({ headers, returnHeaders: true });
  await authServices.db.session.deleteMany({ where: { id: sessionId } });
  authServices.credentials.forget(sessionId);
  committed(authServices.db);
  return cleared.headers.getSetCookie();
}

/** The session cookie would not be accepted from this page afterwards. */
function refuseUntrustedPage(origins: Origins, headers: Headers): void {
  if (!origins.trusts(headers)) throw new Forbidden(origins.whyUntrusted(headers));
}

async function sessionOf(
  db: Database,
  auth: Auth,
  begun: { token: string; failedSignIns: number },
  headers: Headers,
): Promise<NewSession> {
  const session = await db.session.findUnique({
    where: { token: begun.token },
    select: { id: true, userId: true, expiresAt: true },
  });
  // A change of the password, or `endOtherSessions`, can end it as soon as it has begun.
  if (!session) throw new Unauthenticated('This session was ended from another session. Sign in again.');
  const { id, userId, expiresAt } = session;
  const exp = Math.floor(expiresAt.getTime() / 1000);
  const { token } = await auth.api.signJWT({ body: { payload: { sub: userId, sid: id, exp } } });
  return {
    viewer: {
      userId,
      sessionId: id,
      isBrowser: false,
      limit: null,
      through: null,
      tokenId: null,
      tokenName: null,
      mayWrite: true,
      resource: null,
      endsAt: expiresAt,
    },
    token,
    expiresAt,
    failedSignIns: begun.failedSignIns,
    cookies: headers.getSetCookie(),
  };
}
