import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** A document that a person or a program writes has hundreds. */
const MOST_TOKENS = 5_000;
/** Brackets of any kind inside one another. Parser and validation recurse, so that the stack is the other limit. */
const DEEPEST = 100;

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Refuses documents that are too long or nested too deeply before anything else reads them. */
export function boundedDocuments(): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source: string | Source, options: object): unknown => {
        checkBounds(typeof source === 'string' ? new Source(source) : source);
        return parseFn(source, options);
      });
    },
  };
}

function checkBounds(source: Source): void {
  const lexer = new Lexer(source);
  let depth = 0;
  for (let tokens = 1; lexer.advance().kind !== TokenKind.EOF; tokens += 1) {
    if (opening.has(lexer.token.kind)) depth += 1;
    if (closing.has(lexer.token.kind)) depth -= 1;
    if (tokens > MOST_TOKENS) throw refused(`A document can have at most ${MOST_TOKENS} tokens.`);
    if (depth > DEEPEST) throw refused(`A document can be nested at most ${DEEPEST} levels deep.`);
  }
}

function refused(sentence: string) {
  return new GraphQLError(sentence, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
}
