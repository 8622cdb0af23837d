import { dice } from './dice.ts';

const IS_THOROUGH = process.env['TEST_THOROUGH'] === '1';

const { roll } = dice(Math.floor(Math.random() * 2 ** 31));

/**
 * Some of many similar cases, other ones in each run; all with TEST_THOROUGH=1. A failure must name its case.
 * @param most how many; at least one.
 */
export function sample<Case>(all: readonly Case[], most: number): Case[] {
  if (IS_THOROUGH || all.length <= most) return [...all];
  const left = [...all];
  return Array.from({ length: most }, () => left.splice(roll(left.length), 1)).flat();
}
