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

interface Length {
  min: number;
  max: number;
}

/**
 * Text of bounded length in code points, in one form (NFC) and trimmed. Text of invisible characters counts as empty.
 * Null is refused by a sentence for updates, where a field that is left out keeps its value.
 */
export function text(what: string, length: Length) {
  return bounded(what, length, (value) => value.trim());
}

/** Markdown of bounded length: the same, but keeps four spaces at its front, which make a block of code. */
export function markdown(what: string, length: Length) {
  return bounded(what, length, (value) =>
    value
      .replace(/^(?:[^\S\n]*\n)+/, '')
      .replace(/^ {1,3}(?=\S)/, '')
      .trimEnd(),
  );
}

/** Text of bounded length on one line, with nothing that turns the direction of the text around it. */
export function line(what: string, length: Length) {
  return bounded(what, length, (value) => value.replaceAll('\t', ' ').trim())
    .refine((value) => !LINE_BREAK.test(value), `${what} must fit on one line.`)
    .refine(
      (value) => !DIRECTION.test(value),
      `${what} cannot contain characters that change the direction of text.`,
    );
}

/** However a script writes one. */
const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/;
/** Embeddings, overrides and isolates. Marks such as U+200F, which only concern their neighbours, stay. */
const DIRECTION = /[\u202A-\u202E\u2066-\u2069]/;
const CONTROL = /[^\P{Cc}\t\n\v\f\r\u0085]/u;
/** Spaces, formats such as joiners, and fillers: what shows nothing by itself. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** PostgreSQL cannot store a NUL, nor UTF-8 half of a surrogate pair. */
function bounded(what: string, { min, max }: Length, trimmed: (value: string) => string) {
  return z
    .string({
      error: ({ input }) =>
        input === null
          ? `${what} cannot be null. Leave it out to keep it as it is.`
          : `${what} must be text.`,
    })
    .refine(
      (value) => !value.includes('\0') && value.isWellFormed(),
      `${what} holds a character that no text can hold.`,
    )
    .overwrite((value) => trimmed(value.normalize('NFC')))
    .overwrite((value) => (value.replaceAll(INVISIBLE, '') === '' ? '' : value))
    .refine((value) => !CONTROL.test(value), `${what} cannot contain control characters.`)
    .refine((value) => charactersOf(value) >= min, `${what} cannot be empty.`)
    .refine(
      (value) => charactersOf(value) <= max,
      `${what} can have at most ${max.toLocaleString('en')} characters.`,
    );
}

/** What a field of an update that has no empty value says to null. */
export const NOT_NULL = 'This field cannot be null. Leave it out to keep it as it is.';

/** Characters as PostgreSQL counts them: code points. */
export function charactersOf(value: string): number {
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
