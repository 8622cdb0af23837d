import { graphql } from '../../gql/gql.ts';
import { tooLong } from '../ui/text-length.ts';

export const TaskComment_comment = graphql(`
  fragment TaskComment_comment on Comment {
    id
    body
    createdAt
    updatedAt
    author {
      id
      name
    }
    viewerCan {
      delete
      edit
    }
  }
`);

/** The API's limit, in characters, checked here to save a round trip. */
const longestComment = 10_000;

/** The error for the text of a comment. */
export function commentFault(text: string): string | undefined {
  return tooLong('The comment', text, longestComment);
}

/** A comment as a Markdown quotation, with room for the answer. */
export function quotation(text: string): string {
  return `${text.replaceAll(/^/gm, '> ').replaceAll(/ +$/gm, '')}\n\n`;
}
