import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { beginningOf } from '../ui/text-length.ts';

const SuggestedLabels = graphql(`
  query SuggestedLabels($scope: DashboardScope, $prefix: String!) {
    labels(scope: $scope, prefix: $prefix, first: 6) {
      label
    }
  }
`);

/** Milliseconds after the last key press before the labels are read. */
const pause = 120;
/** The API's maximum, in characters. */
const longestPrefix = 50;

/** The labels that begin with a text, the most frequent first. */
export class LabelsInUse {
  list = $state.raw<readonly string[]>([]);

  /**
   * Call it while a component is being initialized: it uses effects.
   * @param prefix undefined while no labels are needed.
   * @param teamId `''` for the labels of all tasks.
   */
  constructor(client: Client, prefix: () => string | undefined, teamId: () => string) {
    $effect(() => {
      const typed = prefix();
      const team = teamId();
      if (typed === undefined) {
        this.list = [];
        return;
      }
      let cancel: (() => void) | undefined;
      const timer = setTimeout(() => {
        const variables = {
          scope: team ? { teamId: team } : null,
          prefix: beginningOf(typed, longestPrefix),
        };
        const asked = client
          .query(SuggestedLabels, variables, { requestPolicy: 'network-only' })
          .subscribe(({ data }) => (this.list = data?.labels.map(({ label }) => label) ?? []));
        cancel = () => asked.unsubscribe();
      }, pause);
      return () => {
        clearTimeout(timer);
        cancel?.();
      };
    });
  }
}
