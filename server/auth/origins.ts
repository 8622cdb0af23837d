import { isIPv4 } from 'node:net';

export interface Origins {
  own: string;
  others: ReadonlySet<string>;
  isHttps: boolean;
  /** Whether a request comes from the server's own page, an allowed page, or a program. */
  trusts(headers: Headers): boolean;
  /** The error for a page that is not trusted, with the setting to change. */
  whyUntrusted(headers: Headers): string;
  /** The error for a host that is not served, or null. Protects against DNS rebinding. */
  whyMisdirected(host: string | undefined, forwardedHost: string | undefined): string | null;
}

const LOOPBACK_NAME = /^(?:.+\.)?localhost$/;

/** @param proxies number of trusted proxies; with one or more, `X-Forwarded-Host` is used. */
export function createOrigins(publicUrl: string, others: Iterable<string>, proxies: number): Origins {
  const own = new URL(publicUrl);
  const allowed = new Set(others);
  const names = new Set(
    [own, ...[...allowed].map((origin) => new URL(origin))].map(({ hostname }) => hostname),
  );
  const isHttps = own.protocol === 'https:';
  const forwarded = (given: string | null | undefined) =>
    proxies > 0 ? given?.split(',').at(-proxies)?.trim() : undefined;

  /** Nearly all requests name the same host. */
  let lastAnswered: string | undefined;

  function isAnswered(host: string): boolean {
    if (host === lastAnswered) return true;
    const name = hostnameOf(host);
    if (name === null) return false;
    // Only the server's own page can have an IP address as its host.
    const answers = isAddress(name) || LOOPBACK_NAME.test(name) || names.has(name);
    if (answers) lastAnswered = host;
    return answers;
  }

  /** With HTTPS, the session cookie is not sent over HTTP. */
  function carriesCookie({ protocol, hostname }: URL): boolean {
    return !isHttps || protocol === 'https:' || isLoopback(hostname);
  }

  return {
    own: own.origin,
    others: allowed,
    isHttps,
    trusts(headers) {
      const origin = headers.get('origin');
      if (origin !== null && allowed.has(origin)) return true;
      const site = headers.get('sec-fetch-site');
      if (site !== null && site !== 'same-origin' && site !== 'none') return false;
      if (origin === null || origin === own.origin) return true;
      if (!URL.canParse(origin)) return false;
      const page = new URL(origin);
      if (!carriesCookie(page)) return false;
      // Set by the browser, independent of proxies.
      if (site === 'same-origin') return true;
      return page.host === headers.get('host') || page.host === forwarded(headers.get('x-forwarded-host'));
    },
    whyUntrusted(headers) {
      const page = nameOf(headers.get('origin'));
      return `Taskwire runs at ${own.origin} and does not accept the browser’s cookie from ${page}. An administrator can set PUBLIC_URL to the address that people use, or add it to ALLOWED_ORIGINS.`;
    },
    whyMisdirected(host, forwardedHost) {
      if (host === undefined || isAnswered(host)) return null;
      const outer = forwarded(forwardedHost);
      if (outer !== undefined && isAnswered(outer)) return null;
      return `Taskwire does not serve the host ${nameOf(host)}. An administrator can set PUBLIC_URL to the address that people use, or add it to ALLOWED_ORIGINS. A proxy must pass on the Host header.`;
    },
  };
}

const LONGEST_NAME = 100;

function nameOf(given: string | null): string {
  const name = given ?? '';
  return /^[\w.:/[\]-]+$/.test(name) ? name.slice(0, LONGEST_NAME) : '(invalid)';
}

function hostnameOf(host: string): string | null {
  return URL.canParse(`http://${host}`) && !/[/?#@\\]/.test(host) ? new URL(`http://${host}`).hostname : null;
}

function isAddress(hostname: string): boolean {
  return isIPv4(hostname) || hostname.startsWith('[');
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_NAME.test(hostname) || hostname.startsWith('127.') || hostname === '[::1]';
}
