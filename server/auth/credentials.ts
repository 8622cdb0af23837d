import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { isApiToken, useApiToken } from '../domain/api-token.ts';
import { Unauthenticated } from '../errors.ts';
import type { Person } from '../policy.ts';
import type { Auth } from './auth.ts';
import type { Origins } from './origins.ts';
import { ruleOutDatabaseFailure } from './database-failure.ts';

/** A person, with what vouches for them. */
export interface SignedIn extends Person {
  /** The session that the credential rests on; null for an API token. */
  sessionId: string | null;
  /** The API token that was presented; null for a session. */
  tokenId: string | null;
  /** Whether the credential allows changes; a session's always does. */
  mayWrite: boolean;
  /** When the credential runs out by itself, unless it is renewed; null for a token that does not. */
  endsAt: Date | null;
}

/** How long a credential is believed without another look at its session or token. */
const BELIEVED_MS = 5_000;

/** Over HTTPS the session cookie has the prefix that only a page of HTTPS can set. */
const PLAIN_COOKIE = 'taskwire.session_token';
const SECURE_COOKIE = `__Secure-${PLAIN_COOKIE}`;
/** A page of a sister domain can add cookies of the same name; so many are looked at. */
const MOST_COOKIES = 4;

/** Schemes other than ours belong to a proxy in front of the server, which may ask for a password of its own. */
const OURS = /^bearer\b/i;

const claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.number() });

/** What makes a browser forget the session cookie of another scheme, which could only hide the one that counts. */
const FORGET_PLAIN_COOKIE = `${PLAIN_COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`;

export interface Credentials {
  /**
   * Who a request's credential stands for, by whichever transport it comes; null where it carries none. A token counts
   * before the cookie, and the cookie only where it comes from a page that is trusted.
   * @param onRenewal is given the cookies that prolong the browser's session, on the days when it is renewed.
   * @throws Unauthenticated where the credential is false, revoked or has run out.
   */
  resolve(headers: Headers, onRenewal?: (cookies: string[]) => void): Promise<SignedIn | null>;
  /**
   * The request's session cookie, `name=value`, as `resolve` reads it: of several the first that is good, or else the
   * first; null where there is none that counts.
   */
  cookieOf(headers: Headers): Promise<string | null>;
  /** `Set-Cookie` lines that clear session cookies which no longer count. */
  staleCookies(headers: Headers): string[];
  /** Stops believing everything that rests on a session or an API token, at once. */
  forget(id: string): void;
}

/** Resolves each credential once and remembers it for seconds: the auth library's own check costs more than a request. */
export function createCredentials(db: Database, auth: Auth, origins: Origins): Credentials {
  const believed = new LRUCache<string, SignedIn>({ max: BOUNDS.credentials.most, ttl: BELIEVED_MS });

  keep('credentials', believed, ({ size }) => size);

  let endings = 0;

  async function remember(credential: string, check: () => Promise<SignedIn>): Promise<SignedIn> {
    const key = hash('sha256', credential, 'base64');
    const known = believed.get(key);
    if (known) return known;
    const soFar = endings;
    const viewer = await check();
    // What ended meanwhile may have been this one.
    if (endings === soFar) believed.set(key, viewer, { ttl: lifetime(viewer.endsAt) });
    return viewer;
  }

  async function byApiToken(token: string): Promise<SignedIn> {
    const { expiresAt, ...holder } = await useApiToken(db, token);
    return { ...holder, sessionId: null, endsAt: expiresAt };
  }

  async function byToken(token: string): Promise<SignedIn> {
    const read = async () => claims.safeParse((await auth.api.verifyJWT({ body: { token } })).payload).data;
    let claimed = await read();
    if (!claimed) {
      await ruleOutDatabaseFailure(db);
      // The library says the same of a database that was away for a moment, and may be back already.
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
    return { userId: sub, sessionId: sid, tokenId: null, mayWrite: true, endsAt };
  }

  async function byCookie(cookie: string, onRenewal?: (cookies: string[]) => void): Promise<SignedIn> {
    const { headers, response: found } = await auth.api
      .getSession({ headers: new Headers({ cookie }), returnHeaders: true })
      .catch(async (error: unknown) => {
        await ruleOutDatabaseFailure(db);
        throw error;
      });
    if (!found) throw new Unauthenticated('Your session has ended; sign in again.');
    onRenewal?.(headers.getSetCookie());
    return {
      userId: found.user.id,
      sessionId: found.session.id,
      tokenId: null,
      mayWrite: true,
      endsAt: found.session.expiresAt,
    };
  }

  const cookieName = origins.isHttps ? SECURE_COOKIE : PLAIN_COOKIE;

  function candidates(headers: Headers): string[] {
    if (!origins.trusts(headers)) return [];
    const cookies = (headers.get('cookie') ?? '').split(/;\s*/);
    return cookies.filter((cookie) => cookie.startsWith(`${cookieName}=`)).slice(0, MOST_COOKIES);
  }

  /** A bad cookie never hides a good one. */
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
    async resolve(headers, onRenewal) {
      const authorization = headers.get('authorization');
      if (authorization !== null && OURS.test(authorization)) {
        const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
        if (!token) throw new Unauthenticated('The Authorization header must read "Bearer <token>".');
        return remember(token, () => (isApiToken(token) ? byApiToken(token) : byToken(token)));
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
      for (const [key, { sessionId, tokenId }] of believed.entries())
        if (sessionId === id || tokenId === id) believed.delete(key);
    },
  };
}

function lifetime(until: Date | null): number {
  if (until === null) return BELIEVED_MS;
  // A lifetime of 0 would count as endless.
  return Math.min(BELIEVED_MS, Math.max(1, until.getTime() - Date.now()));
}

function refusedToken() {
  return new Unauthenticated('This token is not valid, or its session has ended; sign in for a new one.');
}
