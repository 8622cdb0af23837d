import { getContext, setContext } from 'svelte';
import type { FragmentType } from '../../gql/fragment-masking.ts';
import { graphql } from '../../gql/gql.ts';
import type { ApprovalItem_ApprovalFragmentDoc } from '../../gql/graphql.ts';
import type { Api } from '../api/context.ts';
import { followEvents } from '../api/follow-events.svelte.ts';
import { LiveQuery } from '../api/live-query.svelte.ts';
import { approvalEvents } from '../approval/approval-words.ts';

// A person has at most 20 pending approvals.
const PendingApprovals = graphql(`
  query PendingApprovals {
    cursor
    viewer {
      id
      approvals(first: 20) {
        nodes {
          id
          ...ApprovalItem_approval
        }
      }
    }
  }
`);

type Pending = { id: string } & FragmentType<typeof ApprovalItem_ApprovalFragmentDoc>;

type Find = (id: string) => Pending | undefined;

const key = Symbol('approvals');

/** The approvals that wait, for the tool calls below. Call it while a component is being initialized. */
export function providePendingApprovals(api: Api): void {
  const query = new LiveQuery(api, PendingApprovals, () => ({}), {
    additionalTypenames: ['Approval', 'Task'],
  });
  followEvents(
    api,
    () => ({ kinds: approvalEvents() }),
    () => query.data?.cursor,
    () => query.renew(),
  );
  setContext(key, (id: string) => query.data?.viewer.approvals.nodes.find((approval) => approval.id === id));
}

/** Undefined for approvals that do not wait, and outside of the assistant's conversation. */
export function pendingApproval(): Find {
  return getContext<Find | undefined>(key) ?? (() => undefined);
}
