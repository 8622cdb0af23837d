import type { SignedIn } from '../auth/credentials.ts';
import { publicId } from '../ids.ts';
import { Operations } from '../mcp/operations.ts';
import type { Graphql } from '../graphql/yoga.ts';
import type { LeasedReply } from './queue.ts';

/** The name of its runs. */
export const NAME = 'Assistant';

/** Each reply is a run of its own, so that it can be undone. */
export function runOf({ messageId }: Pick<LeasedReply, 'messageId'>): string {
  return publicId('Message', messageId);
}

/** Operations with the rights of the person who sent the message, as an agent: changes that need them wait for them. */
export function operationsFor(graphql: Graphql, reply: LeasedReply): Operations {
  const { userId, conversationId } = reply;
  const person: SignedIn = {
    userId,
    sessionId: null,
    isBrowser: false,
    limit: null,
    through: 'ASSISTANT',
    tokenId: conversationId,
    tokenName: NAME,
    mayWrite: true,
    resource: null,
    endsAt: null,
  };
  return new Operations(graphql, {
    userId,
    isLimited: false,
    resource: 'MCP',
    run: runOf(reply),
    by: { person },
  });
}
