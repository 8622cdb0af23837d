import type { ApiToken } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Forbidden, NotFound } from '../errors.ts';
import type { Person } from '../policy.ts';
import { append } from './log.ts';

/** Appends a refused access to the log, outside of the transaction that was rolled back with it. */
export async function recordRefusal(
  db: Database,
  { userId }: Person,
  { code, subjectId }: Pick<Forbidden | NotFound, 'code' | 'subjectId'>,
  operation: string,
): Promise<void> {
  await append(db, {
    kind: 'access.refused',
    actorId: userId,
    subjectId: subjectId ?? null,
    data: { code, operation },
  });
}

/**
 * Tells a token's owner that somebody still presents it although it has run out, unless they were told since. What was
 * never a token is not recorded: it concerns nobody, and anybody could fill the log with it.
 */
export async function recordRefusedToken(
  db: Database,
  { id, userId }: Pick<ApiToken, 'id' | 'userId'>,
  since: Date,
): Promise<void> {
  const told = await db.event.findFirst({
    where: { subjectId: id, kind: 'access.refused', personId: userId, at: { gt: since } },
    select: { sequence: true },
  });
  if (told) return;
  await append(db, {
    kind: 'access.refused',
    actorId: null,
    personId: userId,
    subjectId: id,
    data: { code: 'UNAUTHENTICATED', operation: 'apiToken' },
  });
}

/**
 * Appends a sign-in that failed, for the account's owner to read where there is an account. Neither the address nor the
 * password is kept: people mistype one as the other.
 */
export async function recordFailedSignIn(db: Database, email: string): Promise<void> {
  const person = await db.user.findUnique({ where: { email: email.toLowerCase() }, select: { id: true } });
  await append(db, {
    kind: 'signIn.failed',
    actorId: null,
    subjectId: null,
    personId: person?.id ?? null,
    data: {},
  });
}
