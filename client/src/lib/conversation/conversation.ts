import type { EventKind } from '../../gql/graphql.ts';
import { tooLong } from '../ui/text-length.ts';

export function addressOfConversation(id: string): string {
  return `/conversations/${id}`;
}

/** The API's limit, in characters, checked here to save a round trip. */
const longestTitle = 200;

export function titleFault(title: string): string | undefined {
  return tooLong('The title', title, longestTitle);
}

/** The API counts no further. */
const mostUnread = 100;

/** A number of unread messages or conversations, such as `99+`. */
export function unreadWords(count: number): string {
  return count >= mostUnread ? `${mostUnread - 1}+` : String(count);
}

export type ConversationAction = 'add' | 'rename' | 'leave' | 'delete';

/** Kinds of events that change lists of conversations. */
export const conversationEvents: EventKind[] = [
  'MESSAGE_SENT',
  'CONVERSATION_ACCEPTED',
  'CONVERSATION_CREATED',
  'CONVERSATION_DELETED',
  'CONVERSATION_LEFT',
  'CONVERSATION_OFFERED',
  'CONVERSATION_OFFER_REVOKED',
  'CONVERSATION_PARTICIPANT_ADDED',
  'CONVERSATION_READ',
  'CONVERSATION_REFUSED',
  'CONVERSATION_RENAMED',
];
