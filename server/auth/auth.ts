import { createHash } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { prismaAdapter } from 'better-auth/adapters/prisma';
import { APIError, createAuthMiddleware, isAPIError } from 'better-auth/api';
import { betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Database } from '../database/client.ts';
import { committed } from '../database/transaction.ts';
import { newPerson } from '../domain/user.ts';
import { RateLimited } from '../errors.ts';
import { recordFailedSignIn } from '../events/refusal.ts';
import { accountOf, type SignInLimits } from '../limits/sign-in-limits.ts';
import type { Log } from '../log.ts';

/** argon2id with the first parameters that OWASP's Password Storage Cheat Sheet recommends: 19 MiB, 2 passes, 1 lane. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** As passwords are kept. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, argon2id);
}

export const PASSWORD = { min: 8, max: 128 } as const;

/** A session lives this long after it was last renewed, and its tokens with it. */
const SESSION_SECONDS = 30 * 24 * 60 * 60;
const RENEW_AFTER_SECONDS = 24 * 60 * 60;

/** Says whose account was last signed in to with a browser, so that those who guess its password cannot keep it out. */
const BROWSER_COOKIE = 'taskwire.browser';
const BROWSER_KNOWN_SECONDS = 365 * 24 * 60 * 60;

interface CookieReader {
  getSignedCookie(name: string, secret: string): Promise<string | false | null>;
}

/** So that the cookie does not tell the address. */
function fingerprintOf(email: string): string {
  return createHash('sha256').update(accountOf(email)).digest('base64url');
}

interface AuthSettings {
  db: Database;
  log: Log;
  /** Signs cookies and seals the private keys of the tokens. */
  secret: string;
  /** The server's own origin; the only one whose pages may use the cookie. */
  publicUrl: string;
  /** Whose pages besides may sign people in. */
  allowedOrigins: readonly string[];
  limits: SignInLimits;
  /** Told of each session that the library ends, by whichever of its paths. */
  onSessionEnd?: (sessionId: string) => void;
}

export type Auth = ReturnType<typeof createAuth>;

/**
 * Sign-up, sign-in, sessions and their JWTs, served under /api/auth and called by the schema's mutations. The events
 * of its writes are appended by triggers (migration `init`), for it has transactions of its own.
 */
export function createAuth({
  db,
  log,
  secret,
  publicUrl,
  allowedOrigins,
  limits,
  onSessionEnd,
}: AuthSettings) {
  const isKnownTo = async (call: CookieReader, email: string) =>
    (await call.getSignedCookie(BROWSER_COOKIE, secret)) === fingerprintOf(email);
  return betterAuth({
    appName: 'Taskwire',
    baseURL: publicUrl,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [publicUrl, ...allowedOrigins],
    telemetry: { enabled: false },
    logger: {
      log: (level, message) => {
        log[level]({ part: 'auth' }, message);
      },
    },
    databaseHooks: {
      user: { create: { before: checkedPerson } },
      session: {
        delete: {
          after: ({ id }) => {
            onSessionEnd?.(id);
            return Promise.resolve();
          },
        },
      },
    },
    hooks: {
      before: createAuthMiddleware(async (call) => {
        if (call.path === '/sign-up/email') await heldTo(limits.beforeSignUp());
        if (call.path !== '/sign-in/email') return;
        const email = String((call.body as { email?: unknown }).email);
        await heldTo(limits.beforeSignIn(email, await isKnownTo(call, email)));
      }),
      after: createAuthMiddleware(async (call) => {
        const { path, context } = call;
        if (path !== '/sign-in/email' && path !== '/sign-up/email') return;
        // The library's transactions are its own.
        committed(db);
        const { email } = call.body as { email: string };
        if (path === '/sign-in/email' && isWrongPassword(context.returned))
          await recordFailedSignIn(db, email);
        if (isAPIError(context.returned)) return;
        if (path === '/sign-in/email') await limits.afterSignIn(email, await isKnownTo(call, email));
        await call.setSignedCookie(BROWSER_COOKIE, fingerprintOf(email), secret, {
          httpOnly: true,
          sameSite: 'lax',
          secure: publicUrl.startsWith('https:'),
          path: '/',
          maxAge: BROWSER_KNOWN_SECONDS,
        });
      }),
    },
    // Names change by the mutation updateViewer, which checks and records it.
    disabledPaths: ['/update-user', '/update-session'],
    database: prismaAdapter(db, { provider: 'postgresql', transaction: true }),
    advanced: {
      database: { generateId: false },
      cookiePrefix: 'taskwire',
      // The library would leave it out wherever NODE_ENV says "test".
      disableOriginCheck: false,
    },
    user: { additionalFields: { timezone: { type: 'string', input: false, defaultValue: 'UTC' } } },
    session: { expiresIn: SESSION_SECONDS, updateAge: RENEW_AFTER_SECONDS },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: PASSWORD.min,
      maxPasswordLength: PASSWORD.max,
      password: {
        hash: hashPassword,
        verify: ({ hash: stored, password }) => verify(stored, password),
      },
    },
    plugins: [
      jwt({
        jwt: {
          issuer: publicUrl,
          audience: publicUrl,
          expirationTime: `${SESSION_SECONDS}s`,
          definePayload: ({ session }) => ({ sid: session.id }),
        },
        disableSettingJwtHeader: true,
      }),
    ],
  });
}

/** The library answers with its own kind of errors only, by whichever of its paths it is called. */
async function heldTo(limit: Promise<void>): Promise<void> {
  try {
    await limit;
  } catch (error) {
    if (!(error instanceof RateLimited)) throw error;
    const { retryAfter = 1 } = error.details;
    const body = { code: error.code, message: error.message, retryAfter };
    throw new APIError('TOO_MANY_REQUESTS', body, { 'Retry-After': String(retryAfter) });
  }
}

/** Where a limit has refused somebody. */
export function rateLimitOf(thrown: unknown): RateLimited | undefined {
  if (!isAPIError(thrown) || thrown.body?.code !== 'RATE_LIMITED') return undefined;
  const { message, retryAfter } = thrown.body as unknown as { message: string; retryAfter: number };
  return new RateLimited(message, retryAfter);
}

/** Also where there is no such account, which the library does not tell. */
function isWrongPassword(answer: unknown): boolean {
  return isAPIError(answer) && answer.body?.code === 'INVALID_EMAIL_OR_PASSWORD';
}

/** The library's own paths take names and addresses that the mutations would refuse. */
function checkedPerson(person: { name: string; email: string }) {
  const { success, data, error } = newPerson.safeParse(person);
  if (success) return Promise.resolve({ data: { ...person, ...data } });
  throw new APIError('BAD_REQUEST', {
    code: 'VALIDATION_FAILED',
    message: error.issues[0]?.message ?? 'The input is not valid.',
  });
}
