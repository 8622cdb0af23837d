import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { EventKind } from '../../gql/graphql.ts';
import { throttle } from './throttle.ts';
import type { Connection } from './connection.svelte.ts';
import { isCoded } from './failure.ts';
import type { Connect } from './live-connection.ts';

const Events = graphql(`
  subscription Events($after: String, $filter: EventsFilter) {
    events(after: $after, filter: $filter) {
      cursor
      event {
        id
      }
    }
  }
`);

/** Whether a page can show something else after an event of this kind. */
const refreshes: Readonly<Record<EventKind, boolean>> = {
  TASK_CREATED: true,
  TASK_UPDATED: true,
  TASK_COMPLETED: true,
  TASK_REOPENED: true,
  TASK_DELETED: true,
  TASK_RESTORED: true,
  TASK_PURGED: true,
  TASK_LEFT_TEAM: true,
  TASK_SHARED: true,
  TASK_SHARE_UPDATED: true,
  TASK_SHARE_REVOKED: true,
  TASK_SHARE_OFFERED: true,
  TASK_SHARE_ACCEPTED: true,
  TASK_SHARE_REFUSED: true,
  TASK_SHARE_OFFER_REVOKED: true,
  TEAM_CREATED: true,
  TEAM_UPDATED: true,
  TEAM_DELETED: true,
  TEAM_MEMBER_INVITED: true,
  TEAM_INVITATION_REVOKED: true,
  TEAM_MEMBER_JOINED: true,
  TEAM_ROLE_CHANGED: true,
  TEAM_MEMBER_REMOVED: true,
  TEAM_MEMBER_LEFT: true,
  TEAM_OWNERSHIP_TRANSFERRED: true,
  USER_UPDATED: true,
  USER_BLOCKED: true,
  USER_UNBLOCKED: true,
  APPLICATION_CONNECTED: true,
  APPLICATION_DISCONNECTED: true,
  APPLICATION_TOKEN_REUSED: true,
  API_TOKEN_GRANT_CHANGED: true,
  APPLICATION_GRANT_CHANGED: true,
  ACCESS_REFUSED: false,
  ACCOUNT_UNLOCKED: false,
  ACCOUNT_VERIFIED: false,
  API_TOKEN_CREATED: false,
  API_TOKEN_REVOKED: false,
  API_TOKEN_USED: false,
  APPROVAL_APPROVED: false,
  APPROVAL_REFUSED: false,
  APPROVAL_REQUESTED: false,
  COMMENT_ADDED: false,
  COMMENT_DELETED: false,
  COMMENT_UPDATED: false,
  CONVERSATION_ACCEPTED: false,
  CONVERSATION_CREATED: false,
  CONVERSATION_DELETED: false,
  CONVERSATION_LEFT: false,
  CONVERSATION_OFFERED: false,
  CONVERSATION_OFFER_REVOKED: false,
  CONVERSATION_PARTICIPANT_ADDED: false,
  CONVERSATION_READ: false,
  CONVERSATION_REFUSED: false,
  CONVERSATION_RENAMED: false,
  MESSAGE_SENT: false,
  ASSISTANT_TOOL_CALLED: false,
  ASSISTANT_REPLY_CHANGED: false,
  PASSWORD_CHANGED: false,
  PASSWORD_RESET_ISSUED: false,
  RUN_UNDONE: false,
  SESSION_ENDED: false,
  SESSION_STARTED: false,
  SIGN_IN_FAILED: false,
  USER_SIGNED_UP: false,
  DASHBOARD_CREATED: true,
  DASHBOARD_DELETED: true,
  DASHBOARD_UPDATED: true,
  VIEW_CREATED: true,
  VIEW_DELETED: true,
  VIEW_UPDATED: true,
  WEBHOOK_CREATED: true,
  WEBHOOK_DELETED: true,
  WEBHOOK_DISABLED: true,
  WEBHOOK_SECRET_ROTATED: false,
  WEBHOOK_UPDATED: true,
};
const kinds = (Object.keys(refreshes) as EventKind[]).filter((kind) => refreshes[kind]);

/** Milliseconds; people cannot follow numbers that change more often. */
const renewEvery = 250;
/** Milliseconds over which the clients that receive the same event spread their queries. */
const spreadOver = 200;
const mostSeen = 100;

/**
 * Subscribes to the events of the signed-in person and refreshes the page after each. It resumes from the last cursor,
 * so that no event is missed between two connections. If the cursor has expired, it refreshes everything.
 */
export class EventFollower {
  #cursor: string | undefined;
  #isFollowing = false;
  /** Whether the page is older than the start of the subscription. */
  #isBehind = false;
  #isStaleWhileHidden = false;
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #renew = throttle(renewEvery, () => {
    // A hidden page is refreshed when it becomes visible.
    this.#isStaleWhileHidden = document.visibilityState === 'hidden';
    if (this.#isStaleWhileHidden) return;
    if (this.#connection.ownChanges.isPending) {
      this.#renew();
      return;
    }
    this.#connection.renewAfter(this.#seen);
    this.#seen = [];
  });
  /** Cursors of the events since the last renewal. */
  #seen: string[] = [];

  constructor({ client, connection }: { client: Client; connection: Connection }) {
    this.#client = client;
    this.#connection = connection;
  }

  /** Starts at the cursor of a page's query. Does nothing if it has started already. */
  follow(cursor: string): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#cursor = cursor;
    document.addEventListener('visibilitychange', this.#onVisible);
    this.#connection.open(this.#connect);
  }

  stop(): void {
    if (!this.#isFollowing) return;
    this.#isFollowing = false;
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#renew.cancel();
    this.#connection.close();
  }

  readonly #onVisible = () => {
    if (this.#isStaleWhileHidden) this.#renew();
  };

  readonly #connect: Connect = (transport, listener) => {
    let disconnect: () => void;
    const listen = () => {
      let hasReceived = false;
      const variables = { after: this.#cursor ?? null, filter: { kinds } };
      const context = { fetchSubscriptions: transport === 'sse' };
      const subscription = this.#client.subscription(Events, variables, context).subscribe((result) => {
        const { data, error, hasNext } = result;
        if (error && isCoded(error, 'CURSOR_EXPIRED') && variables.after !== null) {
          this.#cursor = undefined;
          this.#isBehind = true;
          disconnect();
          listen();
        } else if (error && isCoded(error, 'FELL_BEHIND') && hasReceived) {
          disconnect();
          listen();
        } else if (error) {
          disconnect();
          listener.closed(error.networkError ? 'broken' : 'refused');
        } else if (!hasNext) {
          listener.closed('broken');
        } else if (data) {
          hasReceived = true;
          this.#cursor = data.events.cursor;
          listener.opened();
          if (!data.events.event && !this.#isBehind) return;
          this.#seen = [...this.#seen.slice(-mostSeen), data.events.cursor];
          this.#isBehind = false;
          this.#renew(Math.random() * spreadOver);
        }
      });
      // Deferred: unsubscribing inside a result callback throws.
      disconnect = () => queueMicrotask(() => subscription.unsubscribe());
    };
    listen();
    return () => disconnect();
  };
}
