import { LRUCache } from 'lru-cache';
import type { ApiToken } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../bounds.ts';
import { onBehalfOfAll } from '../database/requester.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import type { Forbidden, NotFound } from '../errors.ts';
import type { Actor } from '../policy.ts';
import { append } from './append.ts';

const LOGGED_SINGLY = 50;
const MINUTE_MS = 60_000;

interface Minute {
  person: Actor;
  refused: { code: string; operation: string };
  count: number;
}

export interface AccessAudit {
  /** Appends an event outside the transaction that was rolled back. */
  record(
    person: Actor,
    refusal: Pick<Forbidden | NotFound, 'code' | 'subjectId'>,
    operation: string,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * Beyond 50 refusals per minute, person, operation and code, the others become one event with a count, so that the log
 * cannot be flooded. @param onFault called if an event could not be appended.
 */
export function createAccessAudit(
  db: Database,
  onFault: (error: unknown) => void,
  { minuteMs = MINUTE_MS } = {},
): AccessAudit {
  const appending = new Set<Promise<void>>();

  function appendRest({ person, refused, count }: Minute): void {
    const times = count - LOGGED_SINGLY;
    if (times <= 0) return;
    // The refusals of a minute can come from several credentials.
    const event = {
      kind: 'access.refused',
      actorId: person.userId,
      subjectId: null,
      source: null,
    } as const;
    const done = onBehalfOfAll(() => append(db, { ...event, data: { ...refused, times } }))
      .then(() => undefined, onFault)
      .finally(() => appending.delete(done));
    appending.add(done);
  }

  const minutes = new LRUCache<string, Minute>({
    max: BOUNDS.refusals.most,
    ttl: minuteMs,
    ttlAutopurge: true,
    dispose: appendRest,
  });
  keep('refusals', minutes, ({ size }) => size);

  return {
    async record(person, { code, subjectId }, operation) {
      const key = `${person.userId} ${code} ${operation}`;
      const minute = minutes.get(key) ?? { person, refused: { code, operation }, count: 0 };
      if (minute.count === 0) minutes.set(key, minute);
      minute.count += 1;
      if (minute.count > LOGGED_SINGLY) return;
      const event = { kind: 'access.refused', actorId: person.userId, data: minute.refused } as const;
      // Appended even if the client disconnects.
      await onBehalfOfAll(() => append(db, { ...event, subjectId: subjectId ?? null }));
    },
    async close() {
      minutes.clear();
      await Promise.all(appending);
    },
  };
}

/** Unknown tokens are not recorded, since anyone could flood the log with them. */
export async function recordRefusedToken(
  db: Database,
  { id, userId }: Pick<ApiToken, 'id' | 'userId'>,
  since: Date,
): Promise<void> {
  const refused = await db.event.findFirst({
    where: { subjectId: id, kind: 'access.refused', personId: userId, at: { gt: since } },
    select: { sequence: true },
  });
  if (refused) return;
  await append(db, {
    kind: 'access.refused',
    actorId: null,
    personId: userId,
    subjectId: id,
    data: { code: 'UNAUTHENTICATED', operation: 'apiToken' },
  });
}

/** Stores neither the address nor the password, since people mix them up. */
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
