import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { NotFound } from '../errors.ts';
import { parseId } from '../ids.ts';
import { append } from '../log/append.ts';
import { visible } from '../policy.ts';
import { requireBrowser, type Holder } from './approval.ts';
import type { Change } from './change.ts';
import { parse } from './validation.ts';

export const MOST_GRANT_DAYS = 30;
const MOST_GRANT_MS = MOST_GRANT_DAYS * 24 * 60 * 60_000;
/** For clients whose clock is ahead. */
const TOLERANCE_MS = 60 * 60_000;

const grant = z.object({
  id: z.string(),
  until: z
    .date('Enter a time in the form 2026-12-31T18:00:00Z.')
    .refine((at) => at > new Date(), '`until` must be in the future. Send null to end it now.')
    .refine(
      (at) => at.getTime() <= Date.now() + MOST_GRANT_MS + TOLERANCE_MS,
      `\`until\` can be at most ${MOST_GRANT_DAYS} days ahead.`,
    )
    .nullable(),
});

export interface Granted extends Change {
  type: 'ApiToken' | 'ConnectedApplication';
}

/**
 * Lets an API token or a connected application delete tasks without an approval; null ends it.
 * @throws Forbidden unless the person uses a browser.
 */
export async function setDeletionGrant(db: Database, holder: Holder, input: unknown): Promise<Granted> {
  const { id: given, until } = parse(grant, input);
  const { type, uuid: id } = parseId(given);
  requireBrowser(holder);
  return inTransaction(db, async (tx) => {
    const data = { mayDeleteUntil: until };
    const found =
      type === 'ApiToken'
        ? await tx.apiToken.updateMany({ where: { id, AND: visible.apiToken(holder) }, data })
        : type === 'ConnectedApplication'
          ? await tx.connectedApplication.updateMany({
              where: { id, AND: visible.connectedApplication(holder) },
              data,
            })
          : { count: 0 };
    if (found.count === 0) throw new NotFound('token or application', id);
    const kind = type === 'ApiToken' ? 'apiToken.grantChanged' : 'application.grantChanged';
    const event = { kind, actorId: holder.userId, subjectId: id } as const;
    const cursor = await append(tx, { ...event, data: { until: until?.toISOString() ?? null } });
    return { id, cursor, type: type === 'ApiToken' ? type : 'ConnectedApplication' };
  });
}
