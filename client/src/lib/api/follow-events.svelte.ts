import type { Client } from '@urql/core';
import { untrack } from 'svelte';
import { graphql } from '../../gql/gql.ts';
import type { EventsFilter } from '../../gql/graphql.ts';
import type { Connection } from './connection.svelte.ts';
import { isCoded } from './failure.ts';

const FollowedEvents = graphql(`
  subscription FollowedEvents($after: String, $filter: EventsFilter) {
    events(after: $after, filter: $filter) {
      cursor
      event {
        id
      }
    }
  }
`);

/**
 * Calls `onchange` after each event that matches a filter, for events that do not refresh every page. After an
 * interruption it resumes from its last cursor. Call it while a component is being initialized: it uses effects.
 * @param filter undefined while nothing is to be followed.
 * @param start the log cursor of the shown data; undefined until it is loaded.
 */
export function followEvents(
  { client, connection }: { client: Client; connection: Connection },
  filter: () => EventsFilter | undefined,
  start: () => string | undefined,
  onchange: () => void,
): void {
  let attempt = $state(0);
  const isLoaded = $derived(start() !== undefined);
  const transport = $derived(connection.state.name === 'live' ? connection.state.transport : undefined);
  let position: { key: string; cursor: string | undefined } | undefined;

  $effect(() => {
    const wanted = filter();
    if (!wanted || !isLoaded || !transport || attempt < 0) return;
    const key = JSON.stringify(wanted);
    if (position?.key !== key) position = { key, cursor: untrack(start) };
    const here = position;
    const variables = { after: here.cursor ?? null, filter: wanted };
    let hasReceived = false;
    const subscription = client
      .subscription(FollowedEvents, variables, { fetchSubscriptions: transport === 'sse' })
      .subscribe(({ data, error }) => {
        // With an error, `data` is that of the payload before.
        if (error && here.cursor && isCoded(error, 'CURSOR_EXPIRED')) {
          here.cursor = undefined;
          attempt += 1;
          onchange();
        } else if (error && hasReceived && isCoded(error, 'FELL_BEHIND')) attempt += 1;
        else if (data && !error) {
          hasReceived = true;
          here.cursor = data.events.cursor;
          if (data.events.event) onchange();
        }
      });
    // Deferred: unsubscribing inside a result callback throws.
    return () => queueMicrotask(() => subscription.unsubscribe());
  });
}
