import type { Comment, Message } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { textVector } from '../search/vector.ts';

/** @returns false if the id exists. */
export async function insertComment(
  tx: Transaction,
  { id, taskId, authorId, body }: Pick<Comment, 'id' | 'taskId' | 'authorId' | 'body'>,
): Promise<boolean> {
  const now = new Date();
  const count = await tx.$executeRaw`
    /* insertComment */
    INSERT INTO comments (id, task_id, author_id, body, created_at, updated_at, words)
    VALUES (${id}::uuid, ${taskId}::uuid, ${authorId}::uuid, ${body}, ${now}::timestamptz, ${now}::timestamptz,
            ${textVector(body)}::tsvector)
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** @returns false if the comment no longer exists. */
export async function updateBody(
  tx: Transaction,
  { id, body }: Pick<Comment, 'id' | 'body'>,
): Promise<boolean> {
  const count = await tx.$executeRaw`
    /* updateBody */
    UPDATE comments SET body = ${body}, updated_at = ${new Date()}::timestamptz, words = ${textVector(body)}::tsvector
    WHERE id = ${id}::uuid`;
  return count > 0;
}

/** @returns false if the id exists. */
export async function insertMessage(
  tx: Transaction,
  message: Pick<Message, 'id' | 'conversationId' | 'authorId' | 'role' | 'content' | 'createdAt'> & {
    /** JSON. */
    toolCalls?: string | null;
  },
): Promise<boolean> {
  const { id, conversationId, authorId, role, content, toolCalls = null, createdAt } = message;
  const count = await tx.$executeRaw`
    /* insertMessage */
    INSERT INTO messages (id, conversation_id, author_id, role, content, tool_calls, created_at, words)
    VALUES (${id}::uuid, ${conversationId}::uuid, ${authorId}::uuid, ${role}::message_role, ${content},
            ${toolCalls}::jsonb, ${createdAt}::timestamptz, ${textVector(content)}::tsvector)
    ON CONFLICT DO NOTHING`;
  return count > 0;
}
