import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';

/** argon2id with the first parameters recommended in OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Each hash uses a core for about 50 ms, and 19 MiB. */
const MOST_AT_ONCE = 2;
/** About five seconds of work on a slow machine. */
const MOST_WAITING = 200;

const LENGTH = { min: 8, max: 128 } as const;

export const givenPassword = z
  .string('A password must be text.')
  .refine(
    (password) => charactersIn(password) <= LENGTH.max,
    `A password can have at most ${LENGTH.max} characters.`,
  );

export const newPassword = givenPassword.refine(
  (password) => charactersIn(password) >= LENGTH.min,
  `A password must have at least ${LENGTH.min} characters.`,
);

function charactersIn(password: string): number {
  return Array.from(password).length;
}

let working = 0;
const waiting: (() => void)[] = [];

/** Call it outside transactions, since it can wait for other hashes. @throws Unavailable if too many wait. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, ARGON2ID));
}

/** Verifies a password. Takes equally long if none is stored. @throws Unavailable if too many are waiting. */
export async function isPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  if (stored != null) return inTurn(() => verify(stored, password));
  await hashPassword(password);
  return false;
}

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (working < MOST_AT_ONCE) working += 1;
  else {
    if (waiting.length >= MOST_WAITING)
      throw new Unavailable('Too many people are signing in. Try again shortly.');
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else working -= 1;
  }
}
