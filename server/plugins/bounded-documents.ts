import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** A document that a person or a program writes has hundreds. */
const MOST_TOKENS = 5_000;
/** Brackets of any kind inside one another. Parser and validation recurse, so that the stack is the other limit. */
const DEEPEST = 100;

/** Each runs its field once more. */
const MOST_ALIASES = 200;
const MOST_DIRECTIVES = 100;

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
  let parentheses = 0;
  let aliases = 0;
  let directives = 0;
  for (let tokens = 1; lexer.advance().kind !== TokenKind.EOF; tokens += 1) {
    if (opening.has(lexer.token.kind)) depth += 1;
    if (closing.has(lexer.token.kind)) depth -= 1;
    if (lexer.token.kind === TokenKind.PAREN_L) parentheses += 1;
    if (lexer.token.kind === TokenKind.PAREN_R) parentheses -= 1;
    // Arguments and variables, which have colons too, stand in parentheses.
    if (lexer.token.kind === TokenKind.COLON && parentheses === 0) aliases += 1;
    if (lexer.token.kind === TokenKind.AT) directives += 1;
    if (aliases > MOST_ALIASES) throw refused(`A document can have at most ${MOST_ALIASES} aliases.`);
    if (directives > MOST_DIRECTIVES) {
      throw refused(`A document can have at most ${MOST_DIRECTIVES} directives.`);
    }
    if (tokens > MOST_TOKENS) throw refused(`A document can have at most ${MOST_TOKENS} tokens.`);
    if (depth > DEEPEST) throw refused(`A document can be nested at most ${DEEPEST} levels deep.`);
  }
}

function refused(sentence: string) {
  return new GraphQLError(sentence, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
}
