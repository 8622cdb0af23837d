import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { EventKind } from '../../gql/graphql.ts';
import { throttle } from './throttle.ts';
import type { Connection } from './connection.svelte.ts';
import { isCoded } from './failure.ts';
import type { Dial } from './live-connection.ts';

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

/** After these, something that a page shows may read otherwise. */
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

/** Milliseconds: four times a second is as often as numbers on a screen need to change. */
const renewEvery = 250;
/** Milliseconds over which those who hear of the same event ask again, lest they all do in one instant. */
const spreadOver = 200;

/**
 * Follows the log for a signed-in person, and has what is shown read again after each event. It goes on after the last
 * cursor, so that nothing is missed between two connections, also where things happened faster than they could be told;
 * where the server no longer knows that cursor, everything is read anew.
 */
export class EventFollower {
  #cursor: string | undefined;
  #isFollowing = false;
  /** What is shown is older than where the line begins. */
  #isBehind = false;
  #isStaleUnseen = false;
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #tell = throttle(renewEvery, () => {
    // Nobody looks at a hidden page; it is read again when somebody does.
    this.#isStaleUnseen = document.visibilityState === 'hidden';
    if (!this.#isStaleUnseen) this.#connection.renewAll();
  });

  constructor({ client, connection }: { client: Client; connection: Connection }) {
    this.#client = client;
    this.#connection = connection;
  }

  /** Goes on from where a page's query has read the log; of no effect where it is followed already. */
  follow(cursor: string): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#cursor = cursor;
    document.addEventListener('visibilitychange', this.#seen);
    this.#connection.open(this.#dial);
  }

  stop(): void {
    if (!this.#isFollowing) return;
    this.#isFollowing = false;
    document.removeEventListener('visibilitychange', this.#seen);
    this.#tell.cancel();
    this.#connection.shut();
  }

  readonly #seen = () => {
    if (this.#isStaleUnseen) this.#tell();
  };

  readonly #dial: Dial = (way, call) => {
    let hangUp: () => void;
    const listen = () => {
      let hasHeard = false;
      const variables = { after: this.#cursor ?? null, filter: { kinds } };
      const context = { fetchSubscriptions: way === 'sse' };
      const told = this.#client.subscription(Events, variables, context).subscribe((result) => {
        const { data, error, hasNext } = result;
        if (error && isCoded(error, 'CURSOR_EXPIRED') && variables.after !== null) {
          this.#cursor = undefined;
          this.#isBehind = true;
          hangUp();
          listen();
        } else if (error && isCoded(error, 'FELL_BEHIND') && hasHeard) {
          hangUp();
          listen();
        } else if (error) {
          hangUp();
          call.over(error.networkError ? 'broken' : 'refused');
        } else if (!hasNext) {
          call.over('broken');
        } else if (data) {
          hasHeard = true;
          this.#cursor = data.events.cursor;
          call.opened();
          if (data.events.event || this.#isBehind) this.#tell(Math.random() * spreadOver);
          this.#isBehind = false;
        }
      });
      // Not from within an answer: a stream that is ended while it hands one out fails the page with its own end.
      hangUp = () => queueMicrotask(() => told.unsubscribe());
    };
    listen();
    return () => hangUp();
  };
}
