const MEGABYTE = 1024 * 1024;

interface Bound {
  readonly unit: 'bytes' | 'characters' | 'entries';
  /** Maximum per process; null if a setting determines it. */
  readonly most: number | null;
  readonly beyond: string;
}

/** Everything that can grow in a process's memory. Holders report their size with `keep`, for `/metrics`. */
export const BOUNDS = {
  'operation names': { unit: 'entries', most: 500, beyond: 'the least recently used is dropped' },
  'statements of operations': { unit: 'entries', most: 2_000, beyond: 'the least recently used is dropped' },
  labels: { unit: 'entries', most: 1_500, beyond: 'counted as (others)' },
  'statement texts': { unit: 'characters', most: 1_000_000, beyond: 'the least recently used is dropped' },
  // A parsed document with its compiled cost and plan takes 100 to 200 bytes per character.
  documents: { unit: 'characters', most: MEGABYTE, beyond: 'the least recently used is dropped' },
  'refused documents': { unit: 'characters', most: MEGABYTE, beyond: 'the least recently used is dropped' },
  'shared answers': { unit: 'bytes', most: 16 * MEGABYTE, beyond: 'the least recently used is dropped' },
  'followed dashboards': { unit: 'entries', most: 1_000, beyond: 'the least recently used is dropped' },
  'subscription loaders': { unit: 'entries', most: 1_000, beyond: 'the least recently used is dropped' },
  'storage usage': { unit: 'entries', most: 10_000, beyond: 'the least recently used is dropped' },
  'agent runs': { unit: 'entries', most: 10_000, beyond: 'the least recently used is read again' },
  credentials: { unit: 'entries', most: 10_000, beyond: 'the least recently used is dropped' },
  'client documents': { unit: 'entries', most: 500, beyond: 'the least recently used is fetched again' },
  'recent events': { unit: 'entries', most: 12_000, beyond: 'the oldest are dropped; older cursors expire' },
  'live topics': {
    unit: 'entries',
    most: null,
    beyond: 'bounded by subscriptions and the visibility of their subscribers',
  },
  budgets: { unit: 'entries', most: 10_000, beyond: 'of each limit, the least recently used starts again' },
  'request budgets': { unit: 'entries', most: 10_000, beyond: 'the least recently used starts again' },
  refusals: { unit: 'entries', most: 10_000, beyond: 'the least recently used is logged early' },
  'introspection answers': {
    unit: 'characters',
    most: 4 * MEGABYTE,
    beyond: 'the least recently used is dropped',
  },
  'prepared statements': {
    unit: 'characters',
    most: 300_000,
    beyond: 'each connection forgets the least recently used',
  },
  'known shares': { unit: 'entries', most: null, beyond: 'the oldest of a person beyond 1,000 is dropped' },
  'waiting statements': {
    unit: 'entries',
    most: null,
    beyond: 'the statements of a person beyond 500 are refused',
  },
  'waiting payloads': {
    unit: 'entries',
    most: null,
    beyond: 'each subscription has one at most; operations of a person beyond 2,500 are refused',
  },
  'unsent bytes': { unit: 'bytes', most: null, beyond: 'the slowest connection is cut' },
} as const satisfies Record<string, Bound>;

export type Kept = keyof typeof BOUNDS;

const holders = new Map<Kept, { holder: WeakRef<object>; now: () => number }[]>();

/** Reports the size of a holder while it is reachable. @param now must be cheap; each scrape of `/metrics` calls it. */
export function keep<Holder extends object>(
  what: Kept,
  holder: Holder,
  now: (holder: Holder) => number,
): void {
  const reference = new WeakRef(holder);
  const size = () => {
    const reachable = reference.deref();
    return reachable ? now(reachable) : 0;
  };
  const others = (holders.get(what) ?? []).filter((other) => other.holder.deref());
  holders.set(what, [...others, { holder: reference, now: size }]);
}

export function kept(): Record<Kept, number> {
  const whats = Object.keys(BOUNDS) as Kept[];
  const sizes = whats.map((what) => {
    const of = holders.get(what) ?? [];
    return [what, of.reduce((sum, { now }) => sum + now(), 0)] as const;
  });
  return Object.fromEntries(sizes) as Record<Kept, number>;
}
