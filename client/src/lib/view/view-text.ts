import { group, type Node } from '../../../../server/filter-text/grammar.ts';
import { parseFilter } from '../../../../server/filter-text/parse.ts';
import { printFilter, quoted } from '../../../../server/filter-text/print.ts';
import type { TaskView } from '../task/task-view.ts';

const STATUSES: Record<TaskView['show'], string> = {
  open: 'is:open',
  completed: 'status:done',
  cancelled: 'status:cancelled',
  all: '',
};

const SOURCES: Readonly<Record<string, string>> = {
  work: 'is:mine',
  all: '',
  mine: 'owner:me',
  assigned: 'assignee:me',
  shared: 'is:shared',
};

const DUES: Record<TaskView['due'], string> = {
  any: '',
  overdue: 'due:<today',
  today: 'due:today',
  week: 'due:this-week',
  none: 'no:due',
};

/** All conditions of a list as text. Words such as `today` are kept, so that the text follows the calendar. */
export function textOfView({ show, source, due, priority, find, filter }: TaskView): string {
  const texts = [
    STATUSES[show],
    SOURCES[source] ?? `team:${source}`,
    DUES[due],
    priority === 'any' ? '' : `priority:${priority.toLowerCase()}`,
    find === '' ? '' : `text:${quoted(find)}`,
    filter,
  ];
  const nodes = texts.map((text) => parseFilter(text).node).filter((node): node is Node => node !== null);
  return nodes.length > 0 ? printFilter(group('and', nodes)) : '';
}
