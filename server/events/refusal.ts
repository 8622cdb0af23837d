import type { Database } from '../database/client.ts';
import type { Forbidden, NotFound } from '../errors.ts';
import type { Person } from '../policy.ts';
import { append } from './log.ts';

/** Appends a refused access to the log, outside of the transaction that was rolled back with it. */
export async function recordRefusal(
  db: Database,
  { userId }: Person,
  { code, subjectId }: Forbidden | NotFound,
  operation: string,
): Promise<void> {
  await append(db, {
    kind: 'access.refused',
    actorId: userId,
    subjectId: subjectId ?? null,
    data: { code, operation },
  });
}
