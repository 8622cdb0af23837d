import type { Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';

/** Limits the cost of a count. */
export const MOST_UNREAD = 100;

const MOST_CONVERSATIONS = 10_000;

export interface ReadState {
  readTo: Date;
  unreadCount: number;
}

/** How far a person has read some conversations that they participate in. */
export async function readStates(
  db: Database,
  { ownId }: Viewer,
  conversationIds: readonly string[],
): Promise<Map<string, ReadState>> {
  const rows = await db.$queryRaw<(ReadState & { id: string })[]>`
    /* readStates */
    SELECT conversation_id AS id, read_to AS "readTo",
           (SELECT count(*)::int FROM (
              SELECT FROM messages
              WHERE messages.conversation_id = own.conversation_id AND messages.created_at > own.read_to
              LIMIT ${MOST_UNREAD}) AS unread) AS "unreadCount"
    FROM conversation_participants AS own
    WHERE user_id = ${ownId}::uuid AND conversation_id = ANY(${[...conversationIds]}::uuid[])`;
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}

/** The number of a person's conversations with unread messages, up to `MOST_UNREAD`, among their 10,000 newest. */
export async function countUnreadConversations(db: Database, { ownId }: Viewer): Promise<number> {
  const [row] = await db.$queryRaw<[{ count: number }]>`
    /* countUnreadConversations */
    SELECT count(*)::int AS count FROM (
      SELECT FROM (
        SELECT conversation_id, read_to FROM conversation_participants WHERE user_id = ${ownId}::uuid
        ORDER BY conversation_id DESC LIMIT ${MOST_CONVERSATIONS}) AS own
      JOIN conversations ON conversations.id = own.conversation_id AND conversations.updated_at > own.read_to
      WHERE EXISTS (
        SELECT FROM messages
        WHERE messages.conversation_id = own.conversation_id AND messages.created_at > own.read_to)
      LIMIT ${MOST_UNREAD}) AS unread`;
  return row.count;
}
