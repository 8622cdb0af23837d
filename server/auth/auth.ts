import { prismaAdapter } from 'better-auth/adapters/prisma';
import { betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Database } from '../database/client.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import type { Logger } from '../logger.ts';
import { SESSION_SECONDS } from './account.ts';
import { libraryLog } from './library-logger.ts';
import { passwordEndpoints } from './password-endpoints.ts';

const RENEW_AFTER_SECONDS = 24 * 60 * 60;

interface AuthSettings {
  db: Database;
  log: Logger;
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
  return betterAuth({
    appName: 'Taskwire',
    baseURL: publicUrl,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [publicUrl, ...allowedOrigins],
    telemetry: { enabled: false },
    logger: { log: libraryLog(log) },
    databaseHooks: {
      session: {
        delete: {
          after: ({ id }) => {
            onSessionEnd?.(id);
            return Promise.resolve();
          },
        },
      },
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
    emailAndPassword: { enabled: true },
    plugins: [
      passwordEndpoints({ db, limits, secret, isSecure: publicUrl.startsWith('https:') }),
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
