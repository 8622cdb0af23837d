import type { Database } from '../database/client.ts';
import { ownIdOf, type Person, type Viewer } from '../policy.ts';
import { viewerOf } from './viewer.ts';

export interface LiveRights {
  viewer: Viewer;
  conversations: ReadonlySet<string>;
  timezone: string;
  /** When the next share expires; null if none does. */
  changesAt: Date | null;
  holdsShares: boolean;
}

type Row = Pick<LiveRights, 'timezone' | 'changesAt' | 'holdsShares'> & { conversations: string[] };

const MOST_CONVERSATIONS = 10_000;

/** @throws Unauthenticated if the account no longer exists. */
export async function liveRightsOf(
  db: Database,
  person: Person,
  adminEmails: ReadonlySet<string>,
): Promise<LiveRights> {
  const { userId } = person;
  const ownId = ownIdOf(person);
  const [viewer, [row]] = await Promise.all([
    viewerOf(db, person, adminEmails),
    db.$queryRaw<[Row]>`
      /* liveRightsOf */
      SELECT (SELECT timezone FROM users WHERE id = ${userId}::uuid) AS timezone,
             (SELECT min(expires_at) FROM task_shares
              WHERE shared_with_id = ${ownId}::uuid AND expires_at > now()) AS "changesAt",
             EXISTS (SELECT FROM task_shares WHERE shared_with_id = ${ownId}::uuid) AS "holdsShares",
             ARRAY(SELECT conversation_id::text FROM conversation_participants WHERE user_id = ${ownId}::uuid
                   ORDER BY conversation_id DESC LIMIT ${MOST_CONVERSATIONS}) AS conversations`,
  ]);
  return { ...row, viewer, conversations: new Set(row.conversations) };
}
