import type { Client } from '@urql/core';
import { untrack } from 'svelte';
import { graphql } from '../../gql/gql.ts';
import type { Connection } from '../api/connection.svelte.ts';
import { isCoded } from '../api/failure.ts';

const TaskComments = graphql(`
  subscription TaskComments($after: String, $filter: EventsFilter) {
    events(after: $after, filter: $filter) {
      cursor
      event {
        id
      }
    }
  }
`);

const kinds = ['COMMENT_ADDED', 'COMMENT_UPDATED', 'COMMENT_DELETED'] as const;

/**
 * Calls `onchange` after each change to a task's comments, which the page's own events leave out. After an interruption
 * it resumes from its last cursor. Call it while a component is being initialized: it uses effects.
 * @param start the log cursor of the shown comments; undefined until they are loaded.
 */
export function followComments(
  { client, connection }: { client: Client; connection: Connection },
  taskId: () => string,
  start: () => string | undefined,
  onchange: () => void,
): void {
  let attempt = $state(0);
  const isLoaded = $derived(start() !== undefined);
  const transport = $derived(connection.state.name === 'live' ? connection.state.transport : undefined);
  let position: { taskId: string; cursor: string | undefined } | undefined;

  $effect(() => {
    const id = taskId();
    if (!isLoaded || !transport || attempt < 0) return;
    if (position?.taskId !== id) position = { taskId: id, cursor: untrack(start) };
    const here = position;
    const variables = { after: here.cursor ?? null, filter: { taskId: id, kinds: [...kinds] } };
    let hasReceived = false;
    const subscription = client
      .subscription(TaskComments, variables, { fetchSubscriptions: transport === 'sse' })
      .subscribe(({ data, error }) => {
        if (data) {
          hasReceived = true;
          here.cursor = data.events.cursor;
          if (data.events.event) onchange();
        } else if (error && here.cursor && isCoded(error, 'CURSOR_EXPIRED')) {
          here.cursor = undefined;
          attempt += 1;
          onchange();
        } else if (error && hasReceived && isCoded(error, 'FELL_BEHIND')) attempt += 1;
      });
    // Deferred: unsubscribing inside a result callback throws.
    return () => queueMicrotask(() => subscription.unsubscribe());
  });
}
