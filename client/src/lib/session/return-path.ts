/** Where to go after signing in: a path of this site only, so that a prepared link cannot lead away from it. */
export function returnPath(wanted: string | null): string {
  if (wanted === null || !/^\/(?![/\\])/.test(wanted)) return '/';
  const { origin, pathname, search, hash } = new URL(wanted, 'https://taskwire.invalid');
  // Dots in front of the slashes are gone only now.
  if (origin !== 'https://taskwire.invalid' || /^\/[/\\]/.test(pathname)) return '/';
  return pathname === '/sign-in' || pathname === '/sign-up' ? '/' : pathname + search + hash;
}

/**
 * The sign-in page's address, with the way back to where the person was. What follows `#` stays there, for it can be the
 * secret of a link, and reaches no server so.
 */
export function signInAddress(from: { pathname: string; search: string; hash: string }): string {
  const back = returnPath(from.pathname + from.search);
  return back === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(back)}${from.hash}`;
}

interface Address {
  searchParams: Pick<URLSearchParams, 'get'>;
  hash: string;
}

/** Where to go after signing in at an address that `signInAddress` made. */
export function returnAddress({ searchParams, hash }: Address): string {
  return returnPath(searchParams.get('next')) + hash;
}

/** What waits for an answer behind the link that led to signing in; undefined for other pages. */
export function awaitedAt({ searchParams }: Pick<Address, 'searchParams'>): string | undefined {
  const next = searchParams.get('next');
  if (next === '/join') return 'You are invited to a team.';
  return next === '/offer' ? 'A task is offered to you.' : undefined;
}
