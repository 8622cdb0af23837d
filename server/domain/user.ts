import { z } from 'zod';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { ValidationFailed } from '../errors.ts';
import { append, currentCursor } from '../log/append.ts';
import type { Person } from '../policy.ts';
import { knownTimezone } from '../sql/timezone.ts';
import { emailAddress } from './email-address.ts';
import { line, NOT_NULL, parse } from './validation.ts';

const name = line('The name', { min: 1, max: 100 });

export const newPerson = z.object({ name, email: emailAddress });

const profile = z.object({
  name: name.optional(),
  timezone: z.string(NOT_NULL).optional(),
  locale: z.enum(['en', 'de'], { error: 'The language must be “en” or “de”.' }).nullish(),
});

export async function updateUser(db: Database, person: Person, input: unknown): Promise<{ cursor: string }> {
  const { name, timezone: given, locale } = parse(profile, input);
  const timezone = given === undefined ? undefined : await timezoneNamed(db, given);
  const data: Prisma.UserUpdateInput = {};
  if (name !== undefined) data.name = name;
  if (timezone !== undefined) data.timezone = timezone;
  if (locale !== undefined) data.locale = locale;
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

async function timezoneNamed(db: Database, given: string): Promise<string> {
  const known = await knownTimezone(db, given);
  if (known !== null) return known;
  throw new ValidationFailed('Unknown time zone. Enter an IANA name such as Europe/Berlin or UTC.', {
    field: 'timezone',
  });
}
