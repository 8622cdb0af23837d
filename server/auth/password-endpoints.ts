import { createHash } from 'node:crypto';
import { APIError, createAuthEndpoint, formCsrfMiddleware, isAPIError } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { accountOf } from '../domain/email-address.ts';
import { TaskwireError } from '../errors.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import { beginSession, createAccount, type Begun } from './account.ts';
import type { SignUpMode } from './sign-up-mode.ts';

/** The account that last signed in with this browser, so that others who guess its password cannot lock it out. */
const BROWSER_COOKIE = 'taskwire.browser';
const BROWSER_KNOWN_SECONDS = 365 * 24 * 60 * 60;

interface Settings {
  db: Database;
  limits: SignInLimits;
  signUps: SignUpMode;
  secret: string;
  isSecure: boolean;
}

interface CookieReader {
  getSignedCookie(name: string, secret: string): Promise<string | false | null>;
}

/** Replaces the library's endpoints, which hash in a transaction and validate differently. */
export function passwordEndpoints({ db, limits, signUps, secret, isSecure }: Settings) {
  const options = {
    method: 'POST' as const,
    use: [formCsrfMiddleware],
    body: z.record(z.string(), z.unknown()),
  };

  const signUpEmail = createAuthEndpoint('/sign-up/email', options, (call) =>
    inLibrarysErrors(async () => {
      const agent = call.headers?.get('user-agent') ?? null;
      return answer(call, await createAccount(db, limits, signUps, call.body, agent), 0);
    }),
  );

  const signInEmail = createAuthEndpoint('/sign-in/email', options, (call) =>
    inLibrarysErrors(async () => {
      const begun = await beginSession(db, limits, call.body, {
        isKnown: (email) => isKnownTo(call, email),
        agent: call.headers?.get('user-agent') ?? null,
      });
      return answer(call, begun, begun.failedSignIns);
    }),
  );

  async function isKnownTo(call: CookieReader, email: string): Promise<boolean> {
    return (await call.getSignedCookie(BROWSER_COOKIE, secret)) === fingerprintOf(email);
  }

  async function answer(call: Call, { user, session }: Begun, failedSignIns: number) {
    await setSessionCookie(call, { user, session }, false);
    await call.setSignedCookie(BROWSER_COOKIE, fingerprintOf(user.email), secret, {
      httpOnly: true,
      sameSite: 'lax',
      secure: isSecure,
      path: '/',
      maxAge: BROWSER_KNOWN_SECONDS,
    });
    return call.json({ redirect: false, token: session.token, user, failedSignIns });
  }

  return { id: 'taskwire-passwords', endpoints: { signUpEmail, signInEmail } };
}

export type PasswordEndpoints = ReturnType<typeof passwordEndpoints>['endpoints'];

type Call = Parameters<typeof setSessionCookie>[0];

/** Keeps the address out of the cookie. */
function fingerprintOf(email: string): string {
  return createHash('sha256').update(accountOf(email)).digest('base64url');
}

const STATUSES = {
  FORBIDDEN: 'FORBIDDEN',
  UNAUTHENTICATED: 'UNAUTHORIZED',
  CONFLICT: 'CONFLICT',
  RATE_LIMITED: 'TOO_MANY_REQUESTS',
  UNAVAILABLE: 'SERVICE_UNAVAILABLE',
} as const;

/** Converts errors to the library's type, the only one it responds with. */
async function inLibrarysErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TaskwireError)) throw error;
    const { code, message, details } = error;
    const status = STATUSES[code as keyof typeof STATUSES] as string | undefined;
    const headers = new Headers();
    if (details.retryAfter) headers.set('Retry-After', String(details.retryAfter));
    const answer = new APIError(
      (status ?? 'BAD_REQUEST') as 'BAD_REQUEST',
      { code, message, ...details },
      headers,
    );
    throw Object.assign(answer, { cause: error });
  }
}

export function refusalOf(thrown: unknown): TaskwireError | undefined {
  return isAPIError(thrown) && thrown.cause instanceof TaskwireError ? thrown.cause : undefined;
}
