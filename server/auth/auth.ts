import { prismaAdapter } from 'better-auth/adapters/prisma';
import { betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Database } from '../database/client.ts';
import type { SignInLimits } from '../limits/sign-in-limits.ts';
import type { Logger } from '../logger.ts';
import { SESSION_SECONDS } from './account.ts';
import { libraryLog } from './library-logger.ts';
import { passwordEndpoints } from './password-endpoints.ts';
import type { SignUpMode } from './sign-up-mode.ts';

const RENEW_AFTER_SECONDS = 24 * 60 * 60;

interface AuthSettings {
  db: Database;
  log: Logger;
  secret: string;
  publicUrl: string;
  allowedOrigins: readonly string[];
  limits: SignInLimits;
  signUps: SignUpMode;
  onSessionEnd?: (sessionId: string) => void;
}

export type Auth = ReturnType<typeof createAuth>;

/** Triggers append the events of the library's writes (migration `init`), since it uses its own transactions. */
export function createAuth({
  db,
  log,
  secret,
  publicUrl,
  allowedOrigins,
  limits,
  signUps,
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
    // The mutation `updateViewer` changes names.
    disabledPaths: ['/update-user', '/update-session'],
    database: prismaAdapter(db, { provider: 'postgresql', transaction: true }),
    advanced: {
      database: { generateId: false },
      cookiePrefix: 'taskwire',
      // The library would disable it if NODE_ENV is "test".
      disableOriginCheck: false,
    },
    user: { additionalFields: { timezone: { type: 'string', input: false, defaultValue: 'UTC' } } },
    session: { expiresIn: SESSION_SECONDS, updateAge: RENEW_AFTER_SECONDS },
    emailAndPassword: { enabled: true },
    plugins: [
      passwordEndpoints({ db, limits, signUps, secret, isSecure: publicUrl.startsWith('https:') }),
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
