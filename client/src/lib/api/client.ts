import { cacheExchange, Client, fetchExchange, mapExchange } from '@urql/core';
import type { Connection } from './connection.svelte.ts';
import { isUnreachable } from './failure.ts';

interface Listeners {
  connection: Connection;
  /**
   * Called when an answer says that nobody is signed in, except to an operation that expects it; `hadSession` tells
   * whether this client was answered as somebody before.
   */
  onSignedOut: (hadSession: boolean) => void;
}

/** The context of an operation for which "nobody is signed in" is an answer, not the end of a session. */
export const strangerExpected = { strangerExpected: true } as const;

/**
 * The one GraphQL client. The document cache is enough here: a mutation that answers a Task makes every query that
 * shows tasks ask again, so numbers and lists come from the server and are never computed a second time in the browser.
 */
export function createClient({ connection, onSignedOut }: Listeners): Client {
  let hadSession = false;
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetchOptions: { credentials: 'same-origin' },
    requestPolicy: 'cache-and-network',
    exchanges: [
      mapExchange({
        onResult({ error, operation }) {
          if (error && isUnreachable(error)) {
            connection.lost();
            return;
          }
          connection.found();
          const signedOut = error?.graphQLErrors.some(
            ({ extensions }) => extensions['code'] === 'UNAUTHENTICATED',
          );
          if (!error) hadSession = true;
          if (signedOut && operation.context['strangerExpected'] !== true) onSignedOut(hadSession);
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
  });
}
