const MEGABYTE = 1024 * 1024;

/** One thing that grows with what people do. */
interface Bound {
  /** What is counted. */
  readonly unit: 'bytes' | 'characters' | 'entries';
  /** The most that one process keeps; null where a setting says so. */
  readonly most: number | null;
  /** What is dropped, or refused, beyond that. */
  readonly beyond: string;
}

/**
 * Everything that can grow in the memory of one process. What grows reads its bound here and reports its size with
 * `keep`; `/metrics` has a line of `taskwire_kept` for each.
 */
export const BOUNDS = {
  'operation names': { unit: 'entries', most: 500, beyond: 'the least recently used is dropped' },
  'statements of operations': { unit: 'entries', most: 2_000, beyond: 'the least recently used is dropped' },
  labels: { unit: 'entries', most: 1_500, beyond: 'counted as (others)' },
  'statement texts': { unit: 'characters', most: 1_000_000, beyond: 'the least recently used is dropped' },
  // A parsed document with its compiled price and plan takes 100 to 200 bytes for each character of its text.
  documents: { unit: 'characters', most: MEGABYTE, beyond: 'the least recently used is dropped' },
  'refused documents': { unit: 'characters', most: MEGABYTE, beyond: 'the least recently used is dropped' },
  'shared answers': { unit: 'bytes', most: 16 * MEGABYTE, beyond: 'the least recently used is dropped' },
  'followed dashboards': { unit: 'entries', most: 1_000, beyond: 'the least recently used is dropped' },
  'subscription loaders': { unit: 'entries', most: 1_000, beyond: 'the least recently used is dropped' },
  'storage usage': { unit: 'entries', most: 10_000, beyond: 'the least recently used is dropped' },
  credentials: { unit: 'entries', most: 10_000, beyond: 'the least recently used is dropped' },
  'recent events': { unit: 'entries', most: 12_000, beyond: 'the oldest are dropped; older cursors expire' },
  'live topics': {
    unit: 'entries',
    most: null,
    beyond: 'bounded by subscriptions and what their people see',
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
  'waiting payloads': { unit: 'entries', most: null, beyond: 'each subscription has one at most' },
  'unsent bytes': { unit: 'bytes', most: null, beyond: 'the slowest connection is cut' },
} as const satisfies Record<string, Bound>;

export type Kept = keyof typeof BOUNDS;

const holders = new Map<Kept, { holder: WeakRef<object>; now: () => number }[]>();

/**
 * Reports how much of something a holder keeps, for as long as the holder itself is reachable.
 * @param now must be cheap, since each scrape of `/metrics` calls it.
 */
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

/** How much of each this process keeps now. */
export function kept(): Record<Kept, number> {
  const whats = Object.keys(BOUNDS) as Kept[];
  const sizes = whats.map((what) => {
    const of = holders.get(what) ?? [];
    return [what, of.reduce((sum, { now }) => sum + now(), 0)] as const;
  });
  return Object.fromEntries(sizes) as Record<Kept, number>;
}
