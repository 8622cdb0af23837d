import { z } from 'zod';
import { ValidationFailed } from '../errors.ts';
import { isVersion7, uuidOf, type IdType } from '../ids.ts';

/** @throws ValidationFailed with the message and field of the first issue. */
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

/** Text with a length limit in code points, in NFC and trimmed. Text of invisible characters counts as empty. */
export function text(what: string, length: Length) {
  return bounded(what, length, (value) => value.trim());
}

/** Like `text`, but keeps four leading spaces, which start a code block. */
export function markdown(what: string, length: Length) {
  return bounded(what, length, (value) =>
    value
      .replace(/^(?:[^\S\n]*\n)+/, '')
      .replace(/^ {1,3}(?=\S)/, '')
      .trimEnd(),
  );
}

/** Text on one line, without characters that change the text direction around it. */
export function line(what: string, length: Length) {
  return bounded(what, length, (value) => value.replaceAll('\t', ' ').trim())
    .refine((value) => !LINE_BREAK.test(value), `${what} must fit on one line.`)
    .refine(
      (value) => !DIRECTION.test(value),
      `${what} cannot contain characters that change the direction of text.`,
    );
}

const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/;
/** Embeddings, overrides and isolates. Marks such as U+200F affect only their neighbours and are allowed. */
const DIRECTION = /[\u202A-\u202E\u2066-\u2069]/;
const CONTROL = /[^\P{Cc}\t\n\v\f\r\u0085]/u;
/** Spaces, format characters such as joiners, and fillers. */
const IS_INVISIBLE = /^[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** PostgreSQL cannot store NUL or unpaired surrogates. */
function bounded(what: string, { min, max }: Length, trimmed: (value: string) => string) {
  return z
    .string({
      error: ({ input }) =>
        input === null
          ? `${what} cannot be null. Omit it to keep the current value.`
          : `${what} must be text.`,
    })
    .refine(
      (value) => !value.includes('\0') && value.isWellFormed(),
      `${what} contains an invalid character.`,
    )
    .overwrite((value) => trimmed(value.normalize('NFC')))
    .overwrite((value) => (IS_INVISIBLE.test(value) ? '' : value))
    .refine((value) => !CONTROL.test(value), `${what} cannot contain control characters.`)
    .refine((value) => charactersOf(value) >= min, `${what} cannot be empty.`)
    .refine(
      (value) => charactersOf(value) <= max,
      `${what} can have at most ${max.toLocaleString('en')} characters.`,
    );
}

export const NOT_NULL = 'This field cannot be null. Omit it to keep the current value.';

/** Length in code points, as PostgreSQL counts. */
export function charactersOf(value: string): number {
  return value.length - (value.match(SURROGATE_PAIRS)?.length ?? 0);
}

const SURROGATE_PAIRS = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

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

export function newIdOf(type: IdType) {
  return idOf(type).refine(isVersion7, 'A client-generated id must be a UUID version 7.');
}

export const day = z
  .date('Enter a date in the form 2026-12-31.')
  .min(new Date('0001-01-01'), 'Dates must not be before 0001-01-01.');

export const version = z.int().min(1, '`version` must be at least 1.').nullish();
