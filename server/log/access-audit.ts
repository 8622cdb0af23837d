import { LRUCache } from 'lru-cache';
import type { ApiToken } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../bounds.ts';
import { onBehalfOfAll } from '../database/requester.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import type { Forbidden, NotFound } from '../errors.ts';
import type { Person } from '../policy.ts';
import { append } from './append.ts';

/** How many refusals of one person by one operation are told one by one before the rest of the minute is told at once. */
const TOLD_SINGLY = 50;
const MINUTE_MS = 60_000;

interface Minute {
  person: Person;
  told: { code: string; operation: string };
  count: number;
}

export interface AccessAudit {
  /** Appends a refused access to the log, outside of the transaction that was rolled back with it. */
  record(
    person: Person,
    refusal: Pick<Forbidden | NotFound, 'code' | 'subjectId'>,
    operation: string,
  ): Promise<void>;
  /** Tells what was counted and not told yet. */
  close(): Promise<void>;
}

/**
 * Tells of every refused access, but lets nobody fill the log with them: the first fifty in a minute of one person, by
 * one operation and with one code, are an event each, and the rest of that minute is one event that says how many.
 * @param onFault is told of an event that could not be appended.
 */
export function createAccessAudit(
  db: Database,
  onFault: (error: unknown) => void,
  { minuteMs = MINUTE_MS } = {},
): AccessAudit {
  const appending = new Set<Promise<void>>();

  function tellRest({ person, told, count }: Minute): void {
    const times = count - TOLD_SINGLY;
    if (times <= 0) return;
    const event = { kind: 'access.refused', actorId: person.userId, subjectId: null } as const;
    // By then the request that was refused first is over.
    const done = onBehalfOfAll(() => append(db, { ...event, data: { ...told, times } }))
      .then(() => undefined, onFault)
      .finally(() => appending.delete(done));
    appending.add(done);
  }

  const minutes = new LRUCache<string, Minute>({
    max: BOUNDS.refusals.most,
    ttl: minuteMs,
    ttlAutopurge: true,
    dispose: tellRest,
  });
  keep('refusals', minutes, ({ size }) => size);

  return {
    async record(person, { code, subjectId }, operation) {
      const key = `${person.userId} ${code} ${operation}`;
      const minute = minutes.get(key) ?? { person, told: { code, operation }, count: 0 };
      if (minute.count === 0) minutes.set(key, minute);
      minute.count += 1;
      if (minute.count > TOLD_SINGLY) return;
      const event = { kind: 'access.refused', actorId: person.userId, data: minute.told } as const;
      // A client that leaves before it is answered is not spared the record.
      await onBehalfOfAll(() => append(db, { ...event, subjectId: subjectId ?? null }));
    },
    async close() {
      minutes.clear();
      await Promise.all(appending);
    },
  };
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
 * Appends a sign-in that failed, and counts it for the account's owner, where there is an account. Neither the address nor
 * the password is kept: people mistype one as the other.
 */
export async function recordFailedSignIn(db: Database, userId: string | null): Promise<void> {
  await inTransaction(db, async (tx) => {
    if (userId !== null) {
      const where = { userId, providerId: 'credential' };
      await tx.account.updateMany({ where, data: { failedSignIns: { increment: 1 } } });
    }
    const event = { kind: 'signIn.failed', actorId: null, subjectId: null, personId: userId } as const;
    await append(tx, { ...event, data: {} });
  });
}
