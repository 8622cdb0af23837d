import { z } from 'zod';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { ValidationFailed } from '../errors.ts';
import { append, currentCursor } from '../events/log.ts';
import type { Person } from '../policy.ts';
import { isTimezone } from '../sql/timezone.ts';
import { parse, text } from './validation.ts';

const name = text('The name', { min: 1, max: 100 });

/** What anybody who signs up must give, whichever way they come. */
export const newPerson = z.object({
  name,
  email: z.email('This is not an email address.').max(254, 'An email address has at most 254 characters.'),
});

const profile = z.object({
  name: name.nullish(),
  timezone: z.string().nullish(),
});

/** Changes the viewer's own profile. A field that is left out, or null, stays as it is. */
export async function updateUser(db: Database, person: Person, input: unknown): Promise<{ cursor: string }> {
  const { name, timezone } = parse(profile, input);
  if (timezone != null) await checkTimezone(db, timezone);
  const data: Prisma.UserUpdateInput = {};
  if (name != null) data.name = name;
  if (timezone != null) data.timezone = timezone;
  const fields = Object.keys(data);
  return inTransaction(db, async (tx) => {
    if (fields.length === 0) return { cursor: await currentCursor(tx) };
    await tx.user.update({ where: { id: person.userId }, data, select: { id: true } });
    const event = {
      kind: 'user.updated',
      actorId: person.userId,
      subjectId: person.userId,
      data: { fields },
    } as const;
    return { cursor: await append(tx, event) };
  });
}

/** @throws ValidationFailed where no such timezone is known. */
export async function checkTimezone(db: Database, name: string): Promise<void> {
  if (await isTimezone(db, name)) return;
  throw new ValidationFailed('This is not a timezone; one reads like Europe/Berlin or UTC.', {
    field: 'timezone',
  });
}
