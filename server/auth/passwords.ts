import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';

/** argon2id with the first parameters that OWASP's Password Storage Cheat Sheet recommends: 19 MiB, 2 passes, 1 lane. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Each takes a core for some 50 ms, and 19 MiB. */
const MOST_AT_ONCE = 2;
/** About five seconds of work on a slow machine. */
const MOST_WAITING = 200;

const LENGTH = { min: 8, max: 128 } as const;

/** A password as it is given to be checked. */
export const givenPassword = z
  .string('A password must be text.')
  .refine(
    (password) => charactersIn(password) <= LENGTH.max,
    `A password has at most ${LENGTH.max} characters.`,
  );

export const newPassword = givenPassword.refine(
  (password) => charactersIn(password) >= LENGTH.min,
  `A password has ${LENGTH.min} characters or more.`,
);

/** Code points, as for every other text. */
function charactersIn(password: string): number {
  return Array.from(password).length;
}

let working = 0;
const waiting: (() => void)[] = [];

/**
 * The form in which a password is stored. At most two passwords are worked on at once in this process; the others wait
 * in order. Call it outside of transactions, so that nobody waits with a connection in hand.
 * @throws Unavailable where too many wait already.
 */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, ARGON2ID));
}

/**
 * Whether a password is the stored one. It takes as long where none is stored.
 * @throws Unavailable where too many wait already.
 */
export async function isPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  if (stored != null) return inTurn(() => verify(stored, password));
  await hashPassword(password);
  return false;
}

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (working < MOST_AT_ONCE) working += 1;
  else {
    if (waiting.length >= MOST_WAITING)
      throw new Unavailable('Too many people are signing in at this moment; try again shortly.');
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  try {
    return await work();
  } finally {
    // The next in line takes over the place.
    const next = waiting.shift();
    if (next) next();
    else working -= 1;
  }
}
