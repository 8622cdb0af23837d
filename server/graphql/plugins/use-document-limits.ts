import {
  GraphQLError,
  Kind,
  Lexer,
  Source,
  TokenKind,
  type DocumentNode,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { NEW_DOCUMENT, type RequestBudget } from '../../limits/request-budget.ts';
import { toCodedError } from '../mask-errors.ts';

/** The longest document of the dashboard has 280, introspection about 180. */
const MOST_TOKENS = 2_000;
/** For brackets of any kind. Parser and validation are recursive. */
const DEEPEST = 100;
/** Each alias runs its field again. */
const MOST_ALIASES = 200;
const MOST_DIRECTIVES = 100;
const MOST_FRAGMENTS = 100;
/** Validation compares fields of a selection set with the same response name pairwise. */
const MOST_REPEATS = 50;
const SHOWN = 50;

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Checks tokens before parsing, and definitions before validation. New documents count as several requests. */
export function useDocumentLimits(requests: RequestBudget): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source: string | Source, options: object): unknown => {
        const refusal = requests.spend(NEW_DOCUMENT - 1);
        if (refusal) throw toCodedError(refusal);
        checkTokens(typeof source === 'string' ? new Source(source) : source);
        const document = parseFn(source, options) as DocumentNode;
        checkDefinitions(document);
        return document;
      });
    },
  };
}

function checkTokens(source: Source): void {
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
    // Colons of arguments and variables are inside parentheses.
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

function checkDefinitions({ definitions }: DocumentNode): void {
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  if (fragments.length > MOST_FRAGMENTS)
    throw refused(`A document can have at most ${MOST_FRAGMENTS} fragments.`);
  for (const definition of definitions)
    if ('selectionSet' in definition) checkRepeats(definition.selectionSet, new Map());
}

function checkRepeats({ selections }: SelectionSetNode, repeats: Map<string, number>): void {
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) checkRepeats(selection.selectionSet, repeats);
    if (selection.kind !== Kind.FIELD) continue;
    const name = (selection.alias ?? selection.name).value;
    const times = (repeats.get(name) ?? 0) + 1;
    if (times > MOST_REPEATS)
      throw refused(
        `A selection set can have the same field at most ${MOST_REPEATS} times: ${name.slice(0, SHOWN)}.`,
      );
    repeats.set(name, times);
    if (selection.selectionSet) checkRepeats(selection.selectionSet, new Map());
  }
}

function refused(sentence: string) {
  return new GraphQLError(sentence, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
}
