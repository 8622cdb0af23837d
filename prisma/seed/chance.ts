import { hash } from 'node:crypto';

/** Pseudo-random decisions, always the same for a seed. */
export interface Chance {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number of at least `from` and at most `to`. */
  between(from: number, to: number): number;
  happens(probability: number): boolean;
  pick<Choice>(choices: readonly Choice[]): Choice;
  /** Picks by weight. */
  weigh<Choice>(choices: readonly (readonly [choice: Choice, weight: number])[]): Choice;
  /** A UUID of version 7 with the time `at`. */
  uuid(at: Date): string;
}

/** @param purpose separates the decisions of one part from those of others. */
export function chance(seed: number, purpose: string): Chance {
  let state = Number.parseInt(hash('sha256', `${seed} ${purpose}`).slice(0, 8), 16);

  /** Algorithm: mulberry32. */
  function bits(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  const next = () => bits() / 2 ** 32;
  const at = <Choice>(choices: readonly Choice[], index: number) => {
    const choice = choices[index];
    if (choice === undefined) throw new RangeError('there is nothing to choose from');
    return choice;
  };

  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    happens: (probability) => next() < probability,
    pick: (choices) => at(choices, Math.floor(next() * choices.length)),
    weigh(choices) {
      let left = next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      const index = choices.findIndex(([, weight]) => (left -= weight) < 0);
      return at(choices, index)[0];
    },
    uuid(time) {
      const when = time.getTime().toString(16).padStart(12, '0');
      const random = [bits(), bits(), bits()].map((part) => part.toString(16).padStart(8, '0')).join('');
      const variant = (8 + (Number.parseInt(random.slice(3, 4), 16) & 3)).toString(16);
      return [
        when.slice(0, 8),
        when.slice(8),
        `7${random.slice(0, 3)}`,
        `${variant}${random.slice(4, 7)}`,
        random.slice(7, 19),
      ].join('-');
    },
  };
}
