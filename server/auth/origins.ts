/** Whose pages may use the server with what a browser sends along by itself, such as its cookie. */
export interface Origins {
  /** Others than the server's own. */
  others: ReadonlySet<string>;
  /** Whether a request comes from such a page, or from no page at all, as those of programs do. */
  trusts(headers: Headers): boolean;
}

/** @param others as browsers write them: scheme, host and, where it is not the usual one, port. */
export function createOrigins(publicUrl: string, others: Iterable<string>): Origins {
  const own = new URL(publicUrl).origin;
  const allowed = new Set(others);
  return {
    others: allowed,
    trusts(headers) {
      const origin = headers.get('origin');
      if (origin !== null && allowed.has(origin)) return true;
      const site = headers.get('sec-fetch-site');
      if (site !== null && site !== 'same-origin' && site !== 'none') return false;
      if (origin === null || origin === own) return true;
      return URL.canParse(origin) && new URL(origin).host === headers.get('host');
    },
  };
}

/**
 * A page of another origin can make a browser send the session's cookie along; such a cookie does not count. Tokens do:
 * they are no cookies, and no browser sends them by itself.
 */
export function withoutForeignCookie(given: Headers, origins: Origins): Headers {
  if (origins.trusts(given)) return given;
  const headers = new Headers(given);
  headers.delete('cookie');
  return headers;
}
