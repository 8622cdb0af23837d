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

/** The events after which a page can show something else. */
const kinds: EventKind[] = [
  'TASK_CREATED',
  'TASK_UPDATED',
  'TASK_COMPLETED',
  'TASK_REOPENED',
  'TASK_DELETED',
  'TASK_LEFT_TEAM',
  'TASK_SHARED',
  'TASK_SHARE_UPDATED',
  'TASK_SHARE_REVOKED',
  'TASK_SHARE_OFFERED',
  'TASK_SHARE_ACCEPTED',
  'TASK_SHARE_REFUSED',
  'TASK_SHARE_OFFER_REVOKED',
  'TEAM_CREATED',
  'TEAM_UPDATED',
  'TEAM_DELETED',
  'TEAM_MEMBER_INVITED',
  'TEAM_INVITATION_REVOKED',
  'TEAM_MEMBER_JOINED',
  'TEAM_ROLE_CHANGED',
  'TEAM_MEMBER_REMOVED',
  'TEAM_MEMBER_LEFT',
  'TEAM_OWNERSHIP_TRANSFERRED',
  'USER_UPDATED',
  'USER_BLOCKED',
  'USER_UNBLOCKED',
];

/** Milliseconds; people cannot follow numbers that change more often. */
const renewEvery = 250;
/** Milliseconds over which the clients that receive the same event spread their queries. */
const spreadOver = 200;

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
    if (!this.#isStaleWhileHidden) this.#connection.renewAll();
  });

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
          if (data.events.event || this.#isBehind) this.#renew(Math.random() * spreadOver);
          this.#isBehind = false;
        }
      });
      // Deferred: unsubscribing inside a result callback throws.
      disconnect = () => queueMicrotask(() => subscription.unsubscribe());
    };
    listen();
    return () => disconnect();
  };
}
