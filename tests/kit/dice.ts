/** Random numbers from a seed, so that a failed test can be repeated. */
export interface Dice {
  /** A whole number from 0 to `sides` − 1. */
  roll: (sides: number) => number;
  /** A random element. */
  pick: <Value>(values: readonly Value[]) => Value;
  /** True with this probability. */
  happens: (chance: number) => boolean;
}

/** Mulberry32. */
export function dice(seed: number): Dice {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const roll = (sides: number) => Math.floor(next() * sides);
  return {
    roll,
    pick: (values) => values[roll(values.length)] as (typeof values)[number],
    happens: (chance) => next() < chance,
  };
}
