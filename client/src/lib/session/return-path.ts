/** Where to go after signing in: only a path of this site, so that a crafted link cannot redirect elsewhere. */
export function returnPath(wanted: string | null): string {
  if (wanted === null || !/^\/(?![/\\])/.test(wanted)) return '/';
  const { origin, pathname, search, hash } = new URL(wanted, 'https://taskwire.invalid');
  // Checked again, since URL has now resolved dot segments.
  if (origin !== 'https://taskwire.invalid' || /^\/[/\\]/.test(pathname)) return '/';
  return pathname === '/sign-in' || pathname === '/sign-up' ? '/' : pathname + search + hash;
}

/**
 * The URL of the sign-in page, with the path to return to. The hash stays a hash: it can be the secret of a link, and a
 * hash is never sent to the server.
 */
export function signInAddress(from: { pathname: string; search: string; hash: string }): string {
  const back = returnPath(from.pathname + from.search);
  return back === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(back)}${from.hash}`;
}

interface Address {
  searchParams: Pick<URLSearchParams, 'get'>;
  hash: string;
}

/** Where to go after signing in at a URL from `signInAddress`. */
export function returnAddress({ searchParams, hash }: Address): string {
  return returnPath(searchParams.get('next')) + hash;
}

/** The reason to sign in, if the person comes from a link or an application. */
export function awaitedAt({ searchParams }: Pick<Address, 'searchParams'>): string | undefined {
  const next = searchParams.get('next');
  if (next?.startsWith('/authorize?')) return 'An application asks for access to your account.';
  if (next === '/join') return 'You have been invited to a team.';
  return next === '/offer' ? 'You have been offered a task.' : undefined;
}

/** The secret of the link that the person comes from: of an invitation to a team or of an offer of a task. */
export function linkSecretAt({ searchParams, hash }: Address): string | undefined {
  const next = searchParams.get('next');
  return (next === '/join' || next === '/offer') && hash.length > 1 ? hash.slice(1) : undefined;
}
