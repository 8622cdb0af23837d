/** How much memory was held when. */
export interface Sample {
  /** Milliseconds, of any clock. */
  at: number;
  bytes: number;
}

/** Megabytes. */
export interface Growth {
  anHour: number;
  /** Over all the time that was looked at. */
  inAll: number;
  atLast: number;
}

const HOUR_MS = 60 * 60_000;
const MEGABYTE = 1024 * 1024;

/** How memory grew by the line that fits best, by least squares: a single peak at the end is no growth. */
export function growthOf(samples: readonly Sample[]): Growth {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const at = mean((sample) => sample.at);
  const bytes = mean((sample) => sample.bytes);
  const together = mean((sample) => (sample.at - at) * (sample.bytes - bytes));
  const spread = mean((sample) => (sample.at - at) ** 2);
  const slope = together / spread / MEGABYTE;
  const [first, last] = [samples.at(0), samples.at(-1)];
  return {
    anHour: slope * HOUR_MS,
    inAll: slope * ((last?.at ?? 0) - (first?.at ?? 0)),
    atLast: (last?.bytes ?? 0) / MEGABYTE,
  };
}
