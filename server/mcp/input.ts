import { z } from 'zod';
import { isVersion7, publicId, type IdType } from '../ids.ts';
import { Refused } from './operations.ts';

/** @throws Refused for the first invalid or unknown argument. */
export function inputOf<Input extends z.ZodObject>(schema: Input, given: unknown): z.output<Input> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [fault] = result.error.issues;
  const field = fault?.path.join('.') ?? '';
  const extensions = { code: 'VALIDATION_FAILED', ...(field ? { field } : {}) };
  if (fault?.code === 'unrecognized_keys') {
    const unknown = fault.keys.map((key) => `"${key.slice(0, LONGEST_QUOTED)}"`).join(', ');
    const known = Object.keys(objectAt(schema, fault.path).shape).join(', ');
    throw new Refused({ message: `Unknown argument ${unknown}. Known are: ${known}.`, extensions });
  }
  throw new Refused({ message: `${fault?.message ?? 'Invalid input'}.`, extensions });
}

const LONGEST_QUOTED = 50;

function objectAt(schema: z.ZodObject, path: readonly PropertyKey[]): z.ZodObject {
  let at: unknown = schema;
  for (const step of path) {
    if (at instanceof z.ZodOptional) at = at.unwrap();
    at = at instanceof z.ZodArray ? at.element : (at as z.ZodObject).shape[String(step)];
  }
  return at as z.ZodObject;
}

/** A client-generated id: the id of the type, or a UUID version 7, which programs and models can make. */
export function newIdOf(type: IdType) {
  return z
    .string()
    .transform((id) => (UUID.test(id) && isVersion7(id) ? publicId(type, id) : id))
    .optional();
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
