import type { Client } from '@urql/core';
import { readFragment } from '../../gql/fragment-masking.ts';
import { graphql } from '../../gql/gql.ts';
import type { WrittenReply_ReplyFragment } from '../../gql/graphql.ts';
import type { Connection } from '../api/connection.svelte.ts';
import { describeFailure } from '../api/failure.ts';
import { toasts } from '../ui/toasts.svelte.ts';

const WrittenReply_reply = graphql(`
  fragment WrittenReply_reply on AssistantReply {
    messageId
    replyId
    state
    content
    isStopping
    fault {
      code
    }
    calls {
      ...ToolCalls_call
    }
  }
`);

const AssistantReplies = graphql(`
  subscription AssistantReplies($id: ID!) {
    assistantReply(conversationId: $id) {
      cursor
      reply {
        ...WrittenReply_reply
      }
    }
  }
`);

const LatestReplies = graphql(`
  query LatestReplies($id: ID!) {
    conversation(id: $id) {
      id
      messages(last: 4) {
        nodes {
          id
          reply {
            ...WrittenReply_reply
          }
        }
      }
    }
  }
`);

const StopReply = graphql(`
  mutation StopReply($input: StopReplyInput!) {
    stopReply(input: $input) {
      cursor
    }
  }
`);

const RetryReply = graphql(`
  mutation RetryReply($input: RetryReplyInput!) {
    retryReply(input: $input) {
      cursor
    }
  }
`);

export type Reply = WrittenReply_ReplyFragment;

/** Milliseconds between queries without a live connection. */
const askEvery = 2_000;

/** The assistant's reply while it is written. */
export class WrittenReply {
  latest = $state.raw<Reply>();
  readonly #client: Client;

  /** Call it while a component is being initialized: it uses effects. */
  constructor({ client, connection }: { client: Client; connection: Connection }, id: string) {
    this.#client = client;
    $effect(() => {
      const { state } = connection;
      const transport = state.name === 'live' ? state.transport : undefined;
      if (!transport) {
        const timer = setInterval(() => void this.#ask(id), askEvery);
        return () => clearInterval(timer);
      }
      const subscription = client
        .subscription(AssistantReplies, { id }, { fetchSubscriptions: transport === 'sse' })
        .subscribe(({ data, error }) => {
          if (!data || error) return;
          const { reply } = data.assistantReply;
          this.#take(reply ? readFragment(WrittenReply_reply, reply) : undefined);
        });
      // Deferred: unsubscribing inside a result callback throws.
      return () => queueMicrotask(() => subscription.unsubscribe());
    });
  }

  async #ask(id: string): Promise<void> {
    const { data } = await this.#client
      .query(LatestReplies, { id }, { requestPolicy: 'network-only' })
      .toPromise();
    const replies = data?.conversation?.messages.nodes.flatMap(({ reply }) =>
      reply ? [readFragment(WrittenReply_reply, reply)] : [],
    );
    if (replies) this.#take(replies.find(({ state }) => state === 'PENDING') ?? replies.at(-1));
  }

  /** What was written stays in view until its message has come. */
  #take(reply: Reply | undefined): void {
    const before = this.latest;
    const isMessage = reply?.state === 'DONE' || reply?.state === 'STOPPED';
    this.latest =
      isMessage && before?.messageId === reply.messageId && before.content !== ''
        ? { ...reply, content: before.content, calls: before.calls }
        : reply;
  }

  async stop(): Promise<void> {
    const { latest } = this;
    if (!latest) return;
    this.latest = { ...latest, isStopping: true };
    this.#tell(
      await this.#client.mutation(StopReply, { input: { messageId: latest.messageId } }).toPromise(),
    );
  }

  async retry(): Promise<void> {
    const { latest } = this;
    if (!latest) return;
    this.#tell(
      await this.#client.mutation(RetryReply, { input: { messageId: latest.messageId } }).toPromise(),
    );
  }

  #tell({ error }: { error?: Parameters<typeof describeFailure>[0] | undefined }): void {
    if (error) toasts.show(describeFailure(error).message);
  }
}
