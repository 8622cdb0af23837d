import type { Database } from '../database/client.ts';
import type { Person, Viewer } from '../policy.ts';
import { viewerOf } from './viewer.ts';

/** Everything that decides which events a person reads of. */
export interface LiveRights {
  viewer: Viewer;
  /** Those of the person's conversations that they took part in latest. */
  conversations: ReadonlySet<string>;
  /** Where their days begin. */
  timezone: string;
  /** When the next of their shares expires; null if none does. */
  changesAt: Date | null;
  /** Whether they have been given any share, live or not. */
  holdsShares: boolean;
}

type Row = Pick<LiveRights, 'timezone' | 'changesAt' | 'holdsShares'> & { conversations: string[] };

const MOST_CONVERSATIONS = 10_000;

/**
 * Reads them as of now.
 * @throws Unauthenticated where the person's account is gone.
 */
export async function liveRightsOf(
  db: Database,
  person: Person,
  adminEmails: ReadonlySet<string>,
): Promise<LiveRights> {
  const [viewer, [row]] = await Promise.all([
    viewerOf(db, person, adminEmails),
    db.$queryRaw<[Row]>`
      /* liveRightsOf */
      SELECT (SELECT timezone FROM users WHERE id = ${person.userId}::uuid) AS timezone,
             (SELECT min(expires_at) FROM task_shares
              WHERE shared_with_id = ${person.userId}::uuid AND expires_at > now()) AS "changesAt",
             EXISTS (SELECT FROM task_shares WHERE shared_with_id = ${person.userId}::uuid) AS "holdsShares",
             ARRAY(SELECT conversation_id::text FROM conversation_participants WHERE user_id = ${person.userId}::uuid
                   ORDER BY conversation_id DESC LIMIT ${MOST_CONVERSATIONS}) AS conversations`,
  ]);
  return { ...row, viewer, conversations: new Set(row.conversations) };
}
