import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { describeFailure, isCoded, isUnreachable } from '../api/failure.ts';
import { outbox, type WaitingChange } from './outbox.svelte.ts';

const SendTask = graphql(`
  mutation SendTask($input: CreateTaskInput!) {
    createTask(input: $input) {
      cursor
      task {
        id
      }
    }
  }
`);

const SendCompletion = graphql(`
  mutation SendCompletion($input: CompleteTaskInput!) {
    completeTask(input: $input) {
      cursor
      task {
        id
      }
    }
  }
`);

const SendReopening = graphql(`
  mutation SendReopening($input: ReopenTaskInput!) {
    reopenTask(input: $input) {
      cursor
      task {
        id
      }
    }
  }
`);

/** Sends what waits, in order, in one tab at a time. What the server refuses stays, with the reason. */
export async function sendWaiting(client: Client): Promise<void> {
  await navigator.locks.request('taskwire.outbox', async () => {
    outbox.reload();
    for (const change of outbox.changes) {
      if (change.refusal !== undefined) continue;
      const { error } = await send(client, change);
      if (!error) {
        outbox.remove(change);
        continue;
      }
      // All others would fail as well. They are sent when the page is live again.
      const isTemporary = ['UNAUTHENTICATED', 'VIEWER_CHANGED', 'UNAVAILABLE', 'RATE_LIMITED'].some((code) =>
        isCoded(error, code),
      );
      if (isUnreachable(error) || isTemporary) return;
      outbox.keep({ ...change, refusal: describeFailure(error).message });
    }
  });
}

function send(client: Client, { kind, taskId, input }: WaitingChange) {
  if (kind === 'create' && input) return client.mutation(SendTask, { input }).toPromise();
  const variables = { input: { id: taskId } };
  return kind === 'complete'
    ? client.mutation(SendCompletion, variables).toPromise()
    : client.mutation(SendReopening, variables).toPromise();
}
