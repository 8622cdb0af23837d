import type { ToolCalls_call } from '../assistant/tool-call.ts';
import type { FragmentType } from '../../gql/fragment-masking.ts';
import { graphql } from '../../gql/gql.ts';
import type { MessageItem_MessageFragment } from '../../gql/graphql.ts';
import { tooLong } from '../ui/text-length.ts';

export const MessageItem_message = graphql(`
  fragment MessageItem_message on Message {
    id
    role
    content
    createdAt
    author {
      id
      name
    }
  }
`);

export type SentMessage = MessageItem_MessageFragment & {
  /** In a conversation with the assistant: what it did. */
  calls?: readonly FragmentType<typeof ToolCalls_call>[];
};

/** The viewer's message that has not come back from the server. */
export interface PendingMessage {
  id: string;
  content: string;
  isSent: boolean;
  failure: string | undefined;
}

/** The API's limit, in characters, checked here to save a round trip. */
const longestMessage = 10_000;

export function messageFault(text: string): string | undefined {
  return tooLong('The message', text, longestMessage);
}

/** Adds messages to others, in the order of time, each once. */
export function withMessages(known: readonly SentMessage[], more: readonly SentMessage[]): SentMessage[] {
  const ids = new Set(known.map(({ id }) => id));
  const added = more.filter(({ id }) => !ids.has(id));
  if (added.length === 0) return [...known];
  return [...known, ...added].sort((one, other) =>
    one.createdAt < other.createdAt ? -1 : one.createdAt > other.createdAt ? 1 : 0,
  );
}
