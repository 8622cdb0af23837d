import { msg } from '../language/format.ts';

/** Why there is no reply, by the API's code. */
export function faultWords(code: string): string {
  switch (code) {
    case 'MODEL_UNREACHABLE':
      return msg('The language model can’t be reached right now. Commands such as /list still work.');
    case 'MODEL_SILENT':
      return msg('The language model took too long.');
    case 'TOKENS_SPENT':
      return msg(
        'You have used up your share of the language model for today. Commands such as /list still work.',
      );
    case 'MODEL_FAILED':
      return msg('The language model failed, or its answer made no sense.');
    default:
      return msg('The assistant could not reply.');
  }
}
