import type { ErrorCode } from '../../../../server/filter-text/grammar.ts';
import { language } from '../language/language.ts';

/** An error of the parser or of the API. */
export interface FilterFault {
  code: ErrorCode;
  /** In English. */
  message: string;
  offset: number;
  length: number;
}

/** The sentence for an error. The parser speaks English, with more details. */
export function faultWords({ code, message }: FilterFault): string {
  if (language() === 'en') return message;
  switch (code) {
    case 'TOO_LONG':
      return 'A filter can have at most 1,000 characters.';
    case 'INVALID_CHARACTER':
      return 'This character is not allowed.';
    case 'EXPECTED_CONDITION':
      return 'Add a condition here, such as status:todo.';
    case 'NOT_A_CONDITION':
      return 'This word has no key. Search for words with text:"…".';
    case 'UNKNOWN_KEY':
      return 'There is no such key.';
    case 'UNEXPECTED_OPERATOR':
      return 'This key does not take this operator.';
    case 'EXPECTED_VALUE':
      return 'Add a value here.';
    case 'INVALID_VALUE':
      return 'This key does not take this value.';
    case 'TOO_MANY_VALUES':
      return 'There are too many values.';
    case 'UNCLOSED_QUOTE':
      return 'Close this quote.';
    case 'UNCLOSED_PARENTHESIS':
      return 'Close this parenthesis.';
    case 'UNEXPECTED_PARENTHESIS':
      return 'This parenthesis was not opened.';
    case 'TOO_MANY_CONDITIONS':
      return 'A filter can have at most 50 conditions.';
    case 'TOO_DEEP':
      return 'A filter can be nested at most 5 levels deep.';
    case 'UNKNOWN_PERSON':
      return 'No member of your teams uses this address.';
    case 'UNKNOWN_TEAM':
      return 'You are not in a team with this name.';
  }
}
