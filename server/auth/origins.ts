import { isIPv4 } from 'node:net';

/** The addresses that the server answers at, and the pages that may use it with the browser's cookie. */
export interface Origins {
  /** The server's own, which links to its pages begin with. */
  own: string;
  /** The allowed origins other than the server's own. */
  others: ReadonlySet<string>;
  /** Whether people reach the server by HTTPS. */
  isHttps: boolean;
  /** Whether a request comes from the server's own page or an allowed one, or from no page at all, as those of programs do. */
  trusts(headers: Headers): boolean;
  /** Says which setting makes the server trust the page of a request. */
  whyUntrusted(headers: Headers): string;
  /**
   * Why a request is not answered at the host that it names: a page of the internet can give its own name the address of
   * a server in a local network (DNS rebinding). Null where it is.
   */
  whyMisdirected(host: string | undefined, forwardedHost: string | undefined): string | null;
}

const LOOPBACK_NAME = /^(?:.+\.)?localhost$/;

/**
 * @param others as browsers write them: scheme, host and, where it is not the usual one, port.
 * @param proxies how many proxies stand in front; with one or more, their `X-Forwarded-Host` counts.
 */
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
    // No page can have an address in place of its name, unless it is the server's own.
    const answers = isAddress(name) || LOOPBACK_NAME.test(name) || names.has(name);
    if (answers) lastAnswered = host;
    return answers;
  }

  /** The session's cookie is sent over HTTPS only, where the server is reached so. */
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
      // Browsers say so themselves, whatever a proxy has made of the host.
      if (site === 'same-origin') return true;
      return page.host === headers.get('host') || page.host === forwarded(headers.get('x-forwarded-host'));
    },
    whyUntrusted(headers) {
      const page = nameOf(headers.get('origin'));
      return `Taskwire is at ${own.origin} and does not know the page’s address ${page}, so the browser’s cookie does not count here. An administrator can set PUBLIC_URL to the address that people use, or add it to ALLOWED_ORIGINS.`;
    },
    whyMisdirected(host, forwardedHost) {
      if (host === undefined || isAnswered(host)) return null;
      const outer = forwarded(forwardedHost);
      if (outer !== undefined && isAnswered(outer)) return null;
      return `Taskwire does not answer at the host ${nameOf(host)}. An administrator can set PUBLIC_URL to the address that people use, or add it to ALLOWED_ORIGINS; a proxy must pass on the Host header.`;
    },
  };
}

const LONGEST_NAME = 100;

function nameOf(given: string | null): string {
  const name = given ?? '';
  return /^[\w.:/[\]-]+$/.test(name) ? name.slice(0, LONGEST_NAME) : 'that it names';
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
