import type { Client } from '@urql/core';
import { parseFilter } from '../../../../server/filter-text/parse.ts';
import { SHAPE_ONLY, toFilter } from '../../../../server/filter-text/to-filter.ts';
import { graphql } from '../../gql/gql.ts';
import type { FilterFault } from './filter-words.ts';

const ParseFilter = graphql(`
  query ParseFilter($text: String!) {
    parseTaskFilter(text: $text) {
      errors {
        code
        message
        offset
        length
      }
    }
  }
`);

/** Errors that are known without the API. */
function faultsIn(text: string): readonly FilterFault[] {
  const { node, errors } = parseFilter(text);
  return errors.length > 0 ? errors : toFilter(node, SHAPE_ONLY).errors;
}

/** Errors in a text, also in names of people and teams. Without the API, those are not known. */
export async function checkFilter(client: Client, text: string): Promise<readonly FilterFault[]> {
  const faults = faultsIn(text);
  if (faults.length > 0 || !/\b(?:team|assignee|owner):/i.test(text)) return faults;
  const { data } = await client.query(ParseFilter, { text }).toPromise();
  return data?.parseTaskFilter.errors ?? [];
}
