import type { Client, CombinedError } from '@urql/core';
import { type FragmentType, readFragment } from '../../gql/fragment-masking.ts';
import { graphql } from '../../gql/gql.ts';
import type { MessagesQuery } from '../../gql/graphql.ts';
import type { Connection } from '../api/connection.svelte.ts';
import { newId } from '../api/creation-id.ts';
import { describeFailure, type Failure, isCoded } from '../api/failure.ts';
import { textDraftStorage } from '../task/draft-storage.ts';
import { MessageItem_message, type PendingMessage, type SentMessage, withMessages } from './message.ts';

const Messages = graphql(`
  query Messages($id: ID!, $last: Int!, $before: String) {
    cursor
    conversation(id: $id) {
      id
      readTo
      messages(last: $last, before: $before) {
        pageInfo {
          hasPreviousPage
          startCursor
        }
        nodes {
          id
          ...MessageItem_message
        }
      }
    }
  }
`);

const NewMessages = graphql(`
  subscription NewMessages($id: ID!, $after: String!) {
    messages(conversationId: $id, after: $after) {
      cursor
      message {
        id
        ...MessageItem_message
      }
    }
  }
`);

// What the assistant did costs much more, so other conversations do without.
const AssistantMessages = graphql(`
  query AssistantMessages($id: ID!, $last: Int!, $before: String) {
    cursor
    conversation(id: $id) {
      id
      readTo
      messages(last: $last, before: $before) {
        pageInfo {
          hasPreviousPage
          startCursor
        }
        nodes {
          id
          ...MessageItem_message
          calls {
            ...ToolCalls_call
          }
        }
      }
    }
  }
`);

const NewAssistantMessages = graphql(`
  subscription NewAssistantMessages($id: ID!, $after: String!) {
    messages(conversationId: $id, after: $after) {
      cursor
      message {
        id
        ...MessageItem_message
        calls {
          ...ToolCalls_call
        }
      }
    }
  }
`);

// The message comes by the subscription. Its type in the answer would make every list of conversations run again.
const SendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      cursor
    }
  }
`);

const MarkConversationRead = graphql(`
  mutation MarkConversationRead($input: MarkConversationReadInput!) {
    markConversationRead(input: $input) {
      cursor
    }
  }
`);

const words = { interrupted: () => 'Not sent yet.' };

const pageSize = 50;
/** Milliseconds for which messages are collected before they are marked as read. */
const markAfter = 500;

type Page = NonNullable<MessagesQuery['conversation']>['messages'];

/**
 * The messages of a conversation: the latest page with the older ones that were asked for, and new ones as they are sent.
 * After an interruption it resumes from its last log cursor, so none is missed or shown twice.
 */
export class MessageLog {
  messages = $state.raw<SentMessage[]>([]);
  pending = $state.raw<PendingMessage[]>([]);
  isLoaded = $state(false);
  hasOlder = $state(false);
  isLoadingOlder = $state(false);
  /** Of the last attempt to read messages. */
  failure = $state.raw<Failure>();
  /** The conversation is gone, or the viewer does not participate any more. */
  isGone = $state(false);
  /** The time of the first message of others that was unread when it came into view. */
  newFrom = $state<string>();

  #cursor: string | undefined;
  #startCursor: string | null = null;
  #readTo = '';
  #isInView = true;
  #attempt = $state(0);
  #sending: Promise<void> = Promise.resolve();
  #marking: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> | undefined;
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #id: string;
  readonly #viewerId: string;
  /** Whether to read what the assistant did. */
  readonly #withCalls: boolean;
  readonly #unsent;

  /** Call it while a component is being initialized: it uses effects. */
  readonly askedAt = Infinity;

  constructor(
    { client, connection }: { client: Client; connection: Connection },
    id: string,
    viewerId: string,
    { withCalls = false }: { withCalls?: boolean } = {},
  ) {
    this.#client = client;
    this.#connection = connection;
    this.#id = id;
    this.#viewerId = viewerId;
    this.#withCalls = withCalls;
    this.#unsent = textDraftStorage<Pick<PendingMessage, 'id' | 'content'>[]>(viewerId, 'sending', id);
    this.pending = (this.#unsent.read() ?? []).map((message) => ({
      ...message,
      isSent: false,
      failure: words.interrupted(),
    }));
    void this.reload();
    $effect(() => this.#listen());
    $effect(() => connection.keepFresh(this));
    $effect(() => () => clearTimeout(this.#marking));
  }

  isOwn({ author }: SentMessage): boolean {
    return author?.id === this.#viewerId;
  }

  // The following three are called by the connection.
  refresh(): void {
    void this.reload();
  }

  /** Only without a live connection: otherwise the messages come by it. */
  renew(): void {
    if (this.#connection.state.name !== 'live') void this.reload();
  }

  supersede(): void {
    // Its answers are merged, so an outdated one does no harm.
  }

  /** Reads the latest page, and merges it with the known messages. */
  reload(): Promise<void> {
    return (this.#reading ??= this.#readLatest().finally(() => (this.#reading = undefined)));
  }

  async #readLatest(): Promise<void> {
    const { page, cursor, readTo } = await this.#read(pageSize, null);
    if (!page) return;
    const latest = messagesOf(page);
    const last = this.messages.at(-1);
    const isWhole = !last || latest.some(({ id }) => id === last.id) || !page.pageInfo.hasPreviousPage;
    if (!this.isLoaded || !isWhole) {
      this.messages = latest;
      this.#take(page);
    } else this.#add(latest);
    this.#cursor ??= cursor;
    if (readTo && readTo > this.#readTo) this.#readTo = readTo;
    this.#dropConfirmed();
    if (!this.isLoaded) {
      this.newFrom = this.#firstUnread();
      if (this.hasOlder && (this.messages[0]?.createdAt ?? '') > this.#readTo) {
        await this.loadOlder();
        this.newFrom = this.#firstUnread();
      }
    }
    this.isLoaded = true;
  }

  /** @param onread called just before the messages are added. */
  async loadOlder(onread?: () => void): Promise<void> {
    if (this.isLoadingOlder || !this.hasOlder) return;
    this.isLoadingOlder = true;
    const { page } = await this.#read(pageSize, this.#startCursor);
    if (page) {
      onread?.();
      this.messages = withMessages(messagesOf(page), this.messages);
      this.#take(page);
    }
    this.isLoadingOlder = false;
  }

  async #read(last: number, before: string | null) {
    const { data, error } = await this.#client
      .query(
        this.#withCalls ? (AssistantMessages as typeof Messages) : Messages,
        { id: this.#id, last, before },
        { requestPolicy: 'network-only' },
      )
      .toPromise();
    this.#fail(error);
    const { conversation, cursor } = data ?? {};
    return { page: conversation?.messages, readTo: conversation?.readTo, cursor };
  }

  #fail(error: CombinedError | undefined): void {
    this.failure = error && describeFailure(error);
    if (error && (isCoded(error, 'NOT_FOUND') || isCoded(error, 'VALIDATION_FAILED'))) this.isGone = true;
  }

  #take({ pageInfo }: Page): void {
    this.hasOlder = pageInfo.hasPreviousPage;
    this.#startCursor = pageInfo.startCursor;
  }

  #firstUnread(): string | undefined {
    return this.messages.find((message) => message.createdAt > this.#readTo && !this.isOwn(message))
      ?.createdAt;
  }

  #listen(): (() => void) | undefined {
    const { state } = this.#connection;
    const transport = state.name === 'live' ? state.transport : undefined;
    if (!this.isLoaded || this.isGone || !transport || this.#attempt < 0) return undefined;
    const after = this.#cursor;
    if (after === undefined) return undefined;
    let hasReceived = false;
    const subscription = this.#client
      .subscription(
        this.#withCalls ? (NewAssistantMessages as typeof NewMessages) : NewMessages,
        { id: this.#id, after },
        { fetchSubscriptions: transport === 'sse' },
      )
      .subscribe(({ data, error }) => {
        // With an error, `data` is that of the payload before.
        if (error && isCoded(error, 'CURSOR_EXPIRED')) void this.#startAgain();
        else if (error && isCoded(error, 'NOT_FOUND')) this.isGone = true;
        else if (error && hasReceived && isCoded(error, 'FELL_BEHIND')) this.#attempt += 1;
        else if (data && !error) {
          hasReceived = true;
          this.#cursor = data.messages.cursor;
          if (data.messages.message) this.#add([messageOf(data.messages.message)]);
        }
      });
    // Deferred: unsubscribing inside a result callback throws.
    return () => queueMicrotask(() => subscription.unsubscribe());
  }

  async #startAgain(): Promise<void> {
    this.#cursor = undefined;
    await this.reload();
    this.#attempt += 1;
  }

  #add(messages: readonly SentMessage[]): void {
    const isAllRead = this.#readTo >= (this.messages.at(-1)?.createdAt ?? '');
    this.messages = withMessages(this.messages, messages);
    // The server has read a sender's conversation up to the message.
    const own = messages.findLast((message) => this.isOwn(message));
    if (own && own.createdAt > this.#readTo) this.#readTo = own.createdAt;
    this.#dropConfirmed();
    if (isAllRead && !this.#isInView) this.newFrom = this.#firstUnread() ?? this.newFrom;
    if (this.#isInView) this.#markSoon();
  }

  /** Says whether the person sees the latest message, which marks it as read. */
  look(isInView: boolean): void {
    this.#isInView = isInView;
    if (isInView) this.#markSoon();
  }

  #markSoon(): void {
    const last = this.messages.at(-1);
    if (!last || last.createdAt <= this.#readTo || this.#marking !== undefined) return;
    this.#marking = setTimeout(() => void this.#mark(), markAfter);
  }

  async #mark(): Promise<void> {
    const last = this.messages.at(-1);
    const isUnread = last !== undefined && last.createdAt > this.#readTo;
    if (isUnread && this.#isInView) {
      const input = { id: this.#id, messageId: last.id };
      const { error } = await this.#client.mutation(MarkConversationRead, { input }).toPromise();
      if (!error) this.#readTo = last.createdAt;
    }
    this.#marking = undefined;
    if (isUnread && this.#readTo === last.createdAt) this.#markSoon();
  }

  /** Shows the message at once. It stays until the server has it. */
  send(content: string): void {
    this.newFrom = undefined;
    const id = newId('message');
    this.#setPending([...this.pending, { id, content, isSent: false, failure: undefined }]);
    this.#queue(id, content);
  }

  retry({ id, content }: PendingMessage): void {
    this.#setPending(this.pending.map((each) => (each.id === id ? { ...each, failure: undefined } : each)));
    this.#queue(id, content);
  }

  discard({ id }: PendingMessage): void {
    this.#setPending(this.pending.filter((each) => each.id !== id));
  }

  /** One at a time, so that they arrive in order. */
  #queue(id: string, content: string): void {
    this.#sending = this.#sending.then(async () => {
      const input = { id, conversationId: this.#id, content };
      const { error } = await this.#client.mutation(SendMessage, { input }).toPromise();
      const failure = error && describeFailure(error).message;
      const isSent = !error;
      this.#setPending(this.pending.map((each) => (each.id === id ? { ...each, isSent, failure } : each)));
      if (isSent && this.#connection.state.name !== 'live') void this.reload();
    });
  }

  #dropConfirmed(): void {
    if (this.pending.length === 0) return;
    this.#setPending(this.pending.filter(({ id }) => !this.messages.some((message) => message.id === id)));
  }

  #setPending(pending: PendingMessage[]): void {
    this.pending = pending;
    this.#unsent.keep(pending.length === 0 ? undefined : pending.map(({ id, content }) => ({ id, content })));
  }
}

function messagesOf({ nodes }: Page): SentMessage[] {
  return nodes.map(messageOf);
}

function messageOf(node: FragmentType<typeof MessageItem_message>): SentMessage {
  const { calls } = node as Pick<SentMessage, 'calls'>;
  return { ...readFragment(MessageItem_message, node), ...(calls ? { calls } : {}) };
}
