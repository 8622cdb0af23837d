import { z } from 'zod';
import { ValidationFailed } from '../errors.ts';
import { isVersion7, uuidOf, type IdType } from '../ids.ts';

/**
 * Reads a verb's input, trimmed and checked.
 * @throws ValidationFailed with the first fault's sentence, and the field where it lies.
 */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const fault = result.error.issues[0];
  const field = fault?.path.join('.');
  throw new ValidationFailed(fault?.message ?? 'The input is not valid.', field ? { field } : {});
}

/** Text of bounded length. PostgreSQL cannot store a NUL, nor UTF-8 half of a surrogate pair. */
export function text(what: string, { min, max }: { min: number; max: number }) {
  return z
    .string(`${what} must be text.`)
    .trim()
    .refine(
      (value) => !value.includes('\0') && value.isWellFormed(),
      `${what} holds a character that no text can hold.`,
    )
    .refine((value) => charactersOf(value) >= min, `${what} cannot be empty.`)
    .refine(
      (value) => charactersOf(value) <= max,
      `${what} can have at most ${max.toLocaleString('en')} characters.`,
    );
}

const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/;

/** Text of bounded length without a line break, however a script writes one. */
export function line(what: string, length: { min: number; max: number }) {
  return text(what, length).refine((value) => !LINE_BREAK.test(value), `${what} must fit on one line.`);
}

/** Characters as PostgreSQL counts them: code points. */
function charactersOf(value: string): number {
  return Array.from(value).length;
}

/** The id of an existing object, read to its UUID. */
export function idOf(type: IdType) {
  return z.string().transform((id, issue) => {
    try {
      return uuidOf(type, id);
    } catch (error) {
      issue.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });
}

/** An id that the client made for an object which is yet to be created. */
export function newIdOf(type: IdType) {
  return idOf(type).refine(isVersion7, 'An id made by a client must be a UUID of version 7.');
}

/** A day of the calendar, kept as midnight UTC. */
export const day = z
  .date('A day reads like 2026-12-31.')
  .min(new Date('0001-01-01'), 'The calendar begins on 0001-01-01.');

/** The version of an object that an edit is based on. */
export const version = z.int().min(1, 'Versions start at 1.').nullish();
