import type { EventKind } from '../../gql/graphql.ts';

export interface WebhookDraft {
  url: string;
  description: string;
  /** Empty for all. */
  kinds: EventKind[];
}
