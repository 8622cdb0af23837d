import { graphql } from '../../gql/gql.ts';
import type { ToolCalls_CallFragment } from '../../gql/graphql.ts';
import { msg, plural } from '../language/format.ts';

export const ToolCalls_call = graphql(`
  fragment ToolCalls_call on ToolCall {
    name
    state
    summary
    tasks {
      taskId
      title
    }
    approval {
      id
      status
    }
  }
`);

export type ShownCall = ToolCalls_CallFragment;

/** What the assistant did with a tool, in a few words. */
export function callWords({ name, state, tasks }: ShownCall): string {
  const isDone = state === 'DONE';
  const count = tasks.length;
  switch (name) {
    case 'create_tasks':
      return isDone ? plural(count, ['Created # task', 'Created # tasks']) : msg('Create tasks');
    case 'update_tasks':
      return isDone ? plural(count, ['Changed # task', 'Changed # tasks']) : msg('Change tasks');
    case 'restore_tasks':
      return isDone ? plural(count, ['Restored # task', 'Restored # tasks']) : msg('Restore tasks');
    case 'list_tasks':
      return isDone ? plural(count, ['Listed # task', 'Listed # tasks']) : msg('List tasks');
    case 'delete_tasks':
      return isDone ? msg('Moved tasks to the trash') : msg('Move tasks to the trash');
    case 'share_task':
      return isDone ? msg('Shared a task') : msg('Share a task');
    case 'comment':
      return isDone ? msg('Added a comment') : msg('Add a comment');
    case 'send_message':
      return isDone ? msg('Sent a message') : msg('Send a message');
    case 'search':
      return isDone ? msg('Searched') : msg('Search');
    case 'dashboard':
      return isDone ? msg('Read your numbers') : msg('Read your numbers');
    default:
      return isDone ? msg('Read details') : msg('Read details');
  }
}
