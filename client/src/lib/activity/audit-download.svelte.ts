import type { Client } from '@urql/core';
import { csvOf } from '../../../../server/csv.ts';
import { readFragment } from '../../gql/fragment-masking.ts';
import { graphql } from '../../gql/gql.ts';
import { describeFailure, type Failure } from '../api/failure.ts';
import { ActivityEvent_event } from './activity-event.ts';
import { plainSentence, sentenceOf } from './event-words.ts';
import type { ActivityEvent_EventFragment } from '../../gql/graphql.ts';

const AuditTrail = graphql(`
  query AuditTrail($after: String) {
    activity(audit: true, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        ...ActivityEvent_event
      }
    }
  }
`);

const mostRows = 10_000;
const attempts = 30;

const head = () => [
  'Time',
  'Event',
  'Actor',
  'Actor id',
  'Person',
  'Person id',
  'Details',
  'Event id',
  'Through',
];

/** Reads the audit trail page by page, newest first, and saves it as a CSV file. */
export class AuditDownload {
  isRunning = $state(false);
  rows = $state(0);
  failure = $state.raw<Failure>();
  /** Increases to cancel a download. */
  #generation = 0;
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    const generation = (this.#generation += 1);
    this.rows = 0;
    this.failure = undefined;
    const parts = [csvOf([head()])];
    let after: string | null = null;
    do {
      const page = await this.#page(after, generation);
      if (generation !== this.#generation) return;
      if (!page) {
        this.isRunning = false;
        return;
      }
      const events = page.nodes.map((node) => readFragment(ActivityEvent_event, node));
      parts.push(
        csvOf(
          events.map((event) => [
            event.at,
            event.kind,
            event.actor?.name ?? '',
            event.actor?.id ?? '',
            event.person?.name ?? '',
            event.person?.id ?? '',
            plainSentence(sentenceOf(event, undefined)),
            event.id,
            sourceOf(event.through),
          ]),
        ),
      );
      this.rows += events.length;
      after = page.pageInfo.hasNextPage && this.rows < mostRows ? page.pageInfo.endCursor : null;
    } while (after !== null);
    save(parts);
    this.isRunning = false;
  }

  cancel(): void {
    this.#generation += 1;
    this.isRunning = false;
  }

  /** Waits where the server limits the number of requests. */
  async #page(after: string | null, generation: number) {
    for (let attempt = 0; attempt < attempts && generation === this.#generation; attempt += 1) {
      const { data, error } = await this.#client
        .query(AuditTrail, { after }, { requestPolicy: 'network-only' })
        .toPromise();
      if (data) return data.activity;
      const wait = error?.graphQLErrors[0]?.extensions['retryAfter'];
      if (typeof wait !== 'number') {
        this.failure = error && describeFailure(error);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
    return undefined;
  }
}

/** The name of an API token is known to its owner only. */
function sourceOf(source: ActivityEvent_EventFragment['through']): string {
  return source?.name ?? (source ? 'API token' : '');
}

function save(parts: string[]): void {
  // The mark tells spreadsheets that the text is UTF-8.
  const address = URL.createObjectURL(new Blob(['\uFEFF', ...parts], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `audit-trail-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address));
}
