import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { PaletteSearchQuery } from '../../gql/graphql.ts';
import { describeFailure, type Failure } from '../api/failure.ts';
import { beginningOf } from '../ui/text-length.ts';

const PaletteSearch = graphql(`
  query PaletteSearch($query: String!) {
    search(query: $query, first: 20) {
      node {
        __typename
        ... on Task {
          id
          title
          status
          highlights(query: $query) {
            title {
              text
              matched
            }
            description {
              text
              matched
            }
          }
        }
        ... on Comment {
          id
          author {
            id
            name
          }
          task {
            id
            title
          }
        }
        ... on Message {
          id
          sender: author {
            id
            name
          }
          conversation {
            id
            title
          }
        }
      }
      snippet {
        text
        matched
      }
    }
  }
`);

/** Milliseconds after the last key press before the search starts. */
const pause = 150;
/** The API's maximum, in characters. */
const longestQuery = 200;

export type SearchResult = PaletteSearchQuery['search'][number];

/** Searches as a person types. A new text cancels the search before it. */
export class SearchAsYouType {
  results = $state.raw<readonly SearchResult[]>([]);
  failure = $state.raw<Failure>();
  /** Whether the results belong to an earlier text. */
  isBehind = $state(false);

  /** Call it while a component is being initialized: it uses effects. */
  constructor(client: Client, text: () => string) {
    $effect(() => {
      const query = beginningOf(text().trim(), longestQuery);
      this.failure = undefined;
      this.isBehind = query !== '';
      if (query === '') {
        this.results = [];
        return;
      }
      let cancel: (() => void) | undefined;
      const timer = setTimeout(() => {
        const asked = client
          .query(PaletteSearch, { query }, { requestPolicy: 'network-only' })
          .subscribe(({ data, error }) => {
            this.isBehind = false;
            this.failure = error && describeFailure(error);
            this.results = data?.search ?? [];
          });
        cancel = () => asked.unsubscribe();
      }, pause);
      return () => {
        clearTimeout(timer);
        cancel?.();
      };
    });
  }
}
