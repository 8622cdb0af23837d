import { beginningOf } from '../ui/text-length.ts';
import { longest } from './task-draft.ts';

/** What another application shared with the installed page, as in the manifest: a draft of a task. */
export function sharedDraft(parameters: Pick<URLSearchParams, 'get'>) {
  const [title = '', ...rest] = ['shared-title', 'shared-text', 'shared-url']
    .map((name) => parameters.get(name)?.trim() ?? '')
    .filter((text) => text !== '');
  if (title === '') return undefined;
  const [line = '', ...lines] = title.split('\n');
  const short = beginningOf(line, longest.title);
  const description = [...(short === line ? [] : [line]), lines.join('\n'), ...rest];
  return {
    title: short,
    description: beginningOf(
      description.filter((part) => part.trim() !== '').join('\n\n'),
      longest.description,
    ),
  };
}
