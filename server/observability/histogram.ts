/** Buckets per doubling; quantiles are at most 4.5 % off. */
const BUCKETS_PER_DOUBLING = 8;
/** From 1 µs to 2^27 µs (two minutes). */
const DOUBLINGS = 27;
const BUCKETS = BUCKETS_PER_DOUBLING * DOUBLINGS;

/** Durations in buckets of equal ratio. */
export class Histogram {
  count = 0;
  total = 0;
  longest = 0;
  readonly #buckets = new Uint32Array(BUCKETS);

  add(milliseconds: number): void {
    this.count += 1;
    this.total += milliseconds;
    if (milliseconds > this.longest) this.longest = milliseconds;
    const bucket = Math.floor(Math.log2(milliseconds * 1000) * BUCKETS_PER_DOUBLING);
    const within = bucket >= 0 ? Math.min(bucket, BUCKETS - 1) : 0;
    this.#buckets[within] = (this.#buckets[within] ?? 0) + 1;
  }

  static sum(all: Iterable<Histogram>): Histogram {
    const sum = new Histogram();
    for (const one of all) {
      sum.count += one.count;
      sum.total += one.total;
      sum.longest = Math.max(sum.longest, one.longest);
      for (const [bucket, count] of one.#buckets.entries())
        sum.#buckets[bucket] = (sum.#buckets[bucket] ?? 0) + count;
    }
    return sum;
  }

  /** The quantile in milliseconds; 0 without measurements. */
  quantile(share: number): number {
    const wanted = Math.ceil(this.count * share);
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (count > 0 && seen >= wanted) return Math.min(this.longest, lengthAt(bucket + 0.5));
    }
    return 0;
  }

  *cumulative(): Generator<{ milliseconds: number; count: number }> {
    let count = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      count += this.#buckets[bucket] ?? 0;
      if ((bucket + 1) % BUCKETS_PER_DOUBLING === 0) yield { milliseconds: lengthAt(bucket + 1), count };
    }
  }
}

function lengthAt(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING) / 1000;
}
