import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import type { EventSourceKind, OauthResource } from '../../prisma/generated/client/client.ts';
import { isApiToken, useApiToken } from '../domain/api-token.ts';
import { isAccessToken, opens, useAccessToken } from '../domain/connected-application.ts';
import { Unauthenticated } from '../errors.ts';
import type { Person } from '../policy.ts';
import type { Auth } from './auth.ts';
import type { Origins } from './origins.ts';
import { ruleOutDatabaseFailure } from './database-failure.ts';

export interface SignedIn extends Person {
  sessionId: string | null;
  /** Whether the credential is the cookie of a browser, which programs do not get. */
  isBrowser: boolean;
  /** What a program uses; null for the person's own sessions. */
  through: EventSourceKind | null;
  /** Of an API token or a connected application; for the assistant, its conversation. */
  tokenId: string | null;
  tokenName: string | null;
  mayWrite: boolean;
  /** What the token of an application was issued for; null for credentials without an audience. */
  resource: OauthResource | null;
  /** Unless renewed; null for never. */
  endsAt: Date | null;
}

const CACHED_MS = 5_000;

/** Browsers accept this prefix only from HTTPS pages. */
const PLAIN_COOKIE = 'taskwire.session_token';
const SECURE_COOKIE = `__Secure-${PLAIN_COOKIE}`;
/** Pages of sibling domains can add cookies with the same name. */
const MOST_COOKIES = 4;

/** Other schemes can belong to a proxy with its own authentication. */
const OURS = /^bearer\b/i;

const claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.number() });

/** Clears a session cookie set over HTTP, which could hide the valid one. */
const FORGET_PLAIN_COOKIE = `${PLAIN_COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`;

export interface Credentials {
  /**
   * Authenticates a request on any transport; null without a credential. A token takes precedence over the cookie.
   * The cookie counts only for trusted pages.
   * @param resource what the request is for: tokens of applications are only valid for their resource.
   * @param onRenewal receives the cookies when the session is renewed, once a day.
   * @throws Unauthenticated if the credential is invalid, revoked or expired.
   */
  resolve(
    headers: Headers,
    resource: OauthResource,
    onRenewal?: (cookies: string[]) => void,
  ): Promise<SignedIn | null>;
  /** The session cookie that `resolve` uses: the first valid one, else the first; null if there is none. */
  cookieOf(headers: Headers): Promise<string | null>;
  staleCookies(headers: Headers): string[];
  /** Drops cached credentials of a session, an API token or a connected application. */
  forget(id: string): void;
}

/** Caches credentials for seconds, since the auth library's check costs more than a request. */
export function createCredentials(
  db: Database,
  auth: Auth,
  origins: Origins,
  hasOauth: boolean,
): Credentials {
  const cached = new LRUCache<string, SignedIn>({ max: BOUNDS.credentials.most, ttl: CACHED_MS });

  keep('credentials', cached, ({ size }) => size);

  let endings = 0;

  async function remember(credential: string, check: () => Promise<SignedIn>): Promise<SignedIn> {
    const key = hash('sha256', credential, 'base64');
    const known = cached.get(key);
    if (known) return known;
    const soFar = endings;
    const viewer = await check();
    // A session that ended during the check may be this one.
    if (endings === soFar) cached.set(key, viewer, { ttl: lifetime(viewer.endsAt) });
    return viewer;
  }

  async function byApiToken(token: string): Promise<SignedIn> {
    const { expiresAt, ...holder } = await useApiToken(db, token);
    return {
      ...holder,
      through: 'API_TOKEN',
      sessionId: null,
      isBrowser: false,
      resource: null,
      endsAt: expiresAt,
    };
  }

  async function byAccessToken(token: string): Promise<SignedIn> {
    if (!hasOauth) throw new Unauthenticated('This server does not connect applications by OAuth.');
    const holder = await useAccessToken(db, token);
    return { ...holder, through: 'APPLICATION', sessionId: null, isBrowser: false };
  }

  async function byToken(token: string): Promise<SignedIn> {
    const read = async () => claims.safeParse((await auth.api.verifyJWT({ body: { token } })).payload).data;
    let claimed = await read();
    if (!claimed) {
      await ruleOutDatabaseFailure(db);
      // The library reports the same for a database that was briefly unavailable.
      claimed = await read();
    }
    if (!claimed) throw refusedToken();
    const { sub, sid, exp } = claimed;
    const session = await db.session.findFirst({
      where: { id: sid, userId: sub, expiresAt: { gt: new Date() } },
      select: { expiresAt: true },
    });
    if (!session) throw refusedToken();
    const endsAt = new Date(Math.min(session.expiresAt.getTime(), exp * 1000));
    return {
      userId: sub,
      sessionId: sid,
      isBrowser: false,
      limit: null,
      through: null,
      tokenId: null,
      tokenName: null,
      mayWrite: true,
      resource: null,
      endsAt,
    };
  }

  function byBearer(token: string): Promise<SignedIn> {
    if (isApiToken(token)) return byApiToken(token);
    return isAccessToken(token) ? byAccessToken(token) : byToken(token);
  }

  async function byCookie(cookie: string, onRenewal?: (cookies: string[]) => void): Promise<SignedIn> {
    const { headers, response: found } = await auth.api
      .getSession({ headers: new Headers({ cookie }), returnHeaders: true })
      .catch(async (error: unknown) => {
        await ruleOutDatabaseFailure(db);
        throw error;
      });
    if (!found) throw new Unauthenticated('Your session has ended. Sign in again.');
    onRenewal?.(headers.getSetCookie());
    return {
      userId: found.user.id,
      sessionId: found.session.id,
      isBrowser: true,
      limit: null,
      through: null,
      tokenId: null,
      tokenName: null,
      mayWrite: true,
      resource: null,
      endsAt: found.session.expiresAt,
    };
  }

  const cookieName = origins.isHttps ? SECURE_COOKIE : PLAIN_COOKIE;

  function candidates(headers: Headers): string[] {
    if (!origins.trusts(headers)) return [];
    const cookies = (headers.get('cookie') ?? '').split(/;\s*/);
    return cookies.filter((cookie) => cookie.startsWith(`${cookieName}=`)).slice(0, MOST_COOKIES);
  }

  /** An invalid cookie must not hide a valid one. */
  async function firstGood(headers: Headers, onRenewal?: (cookies: string[]) => void) {
    let refusal: Unauthenticated | undefined;
    for (const cookie of candidates(headers)) {
      try {
        return { cookie, viewer: await remember(cookie, () => byCookie(cookie, onRenewal)) };
      } catch (error) {
        if (!(error instanceof Unauthenticated)) throw error;
        refusal ??= error;
      }
    }
    if (refusal) throw refusal;
    return null;
  }

  return {
    async resolve(headers, resource, onRenewal) {
      const authorization = headers.get('authorization');
      if (authorization !== null && OURS.test(authorization)) {
        const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
        if (!token)
          throw new Unauthenticated('The Authorization header must have the form "Bearer <token>".');
        const viewer = await remember(token, () => byBearer(token));
        if (viewer.resource !== null && !opens(viewer.resource, resource))
          throw new Unauthenticated('This access token was issued for another resource of this server.');
        return viewer;
      }
      return (await firstGood(headers, onRenewal))?.viewer ?? null;
    },

    async cookieOf(headers) {
      const [first = null] = candidates(headers);
      const found = await firstGood(headers).catch((error: unknown) => {
        if (error instanceof Unauthenticated) return null;
        throw error;
      });
      return found?.cookie ?? first;
    },

    staleCookies(headers) {
      const hasPlain = (headers.get('cookie') ?? '')
        .split(/;\s*/)
        .some((one) => one.startsWith(`${PLAIN_COOKIE}=`));
      return origins.isHttps && hasPlain ? [FORGET_PLAIN_COOKIE] : [];
    },

    forget(id) {
      endings += 1;
      for (const [key, { sessionId, tokenId }] of cached.entries())
        if (sessionId === id || tokenId === id) cached.delete(key);
    },
  };
}

function lifetime(until: Date | null): number {
  if (until === null) return CACHED_MS;
  // A TTL of 0 means no expiry.
  return Math.min(CACHED_MS, Math.max(1, until.getTime() - Date.now()));
}

function refusedToken() {
  return new Unauthenticated('This token is not valid, or its session has ended. Sign in again.');
}
