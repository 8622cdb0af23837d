export interface Sample {
  /** Milliseconds of any clock. */
  at: number;
  bytes: number;
}

/** Megabytes. */
export interface Growth {
  perHour: number;
  /** Over the whole time. */
  total: number;
  last: number;
}

const HOUR_MS = 60 * 60_000;
const MEGABYTE = 1024 * 1024;

/** Memory growth by least squares, so that a single peak at the end does not count. */
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
    perHour: slope * HOUR_MS,
    total: slope * ((last?.at ?? 0) - (first?.at ?? 0)),
    last: (last?.bytes ?? 0) / MEGABYTE,
  };
}
