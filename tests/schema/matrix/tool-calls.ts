import type { Attempt } from './attempts.ts';

export interface Call {
  tool: string;
  input: object;
}

interface Given {
  names: Record<string, string>;
  input: { id: string };
  word: string;
}

/** The tool that does the same as an operation, by its root field. */
const changes: Record<string, (given: Given) => Call> = {
  createTask: ({ input }) => ({ tool: 'create_tasks', input: { tasks: [input] } }),
  createTasks: ({ input }) => ({ tool: 'create_tasks', input }),
  updateTask: ({ input }) => ({ tool: 'update_tasks', input: { tasks: [input] } }),
  updateTasks: ({ input }) => ({ tool: 'update_tasks', input }),
  completeTask: ({ input }) => ({ tool: 'update_tasks', input: { tasks: [{ ...input, status: 'DONE' }] } }),
  deleteTask: ({ input }) => ({ tool: 'delete_tasks', input: { ids: [input.id] } }),
  restoreTask: ({ input }) => ({ tool: 'restore_tasks', input: { ids: [input.id] } }),
  shareTask: ({ input }) => ({ tool: 'share_task', input }),
  addComment: ({ input }) => ({ tool: 'comment', input }),
  sendMessage: ({ input }) => ({ tool: 'send_message', input }),
};

/** The same for reads, by row. */
const reads: Record<string, (given: Given) => Call> = {
  task: ({ names }) => ({ tool: 'get', input: { ids: [names['task']] } }),
  conversation: ({ names }) => ({ tool: 'get', input: { ids: [names['conversation']] } }),
  'tasks by words': ({ word }) => ({ tool: 'list_tasks', input: { text: word } }),
  'search a task': ({ word }) => ({ tool: 'search', input: { query: word, types: ['TASK'] } }),
  'search a comment': ({ word }) => ({ tool: 'search', input: { query: word, types: ['COMMENT'] } }),
  'search a message': ({ word }) => ({ tool: 'search', input: { query: word, types: ['MESSAGE'] } }),
};

/** Undefined if no tool does the same. */
export function callOf({ row, operation, scene }: Attempt): Call | undefined {
  const [field = ''] = row.split(/[ ,.]/);
  const toCall = operation.document.startsWith('mutation') ? changes[field] : reads[row];
  const names = { ...scene.standing, ...scene.names };
  const given = operation.variables(names, scene.word) as Omit<Given, 'names'>;
  return toCall?.({ ...given, names });
}

export const marks: Record<string, string> = {
  FORBIDDEN: 'F',
  NOT_FOUND: 'N',
  VALIDATION_FAILED: 'V',
  CONFLICT: 'C',
};

/** What the person has to approve. */
const APPROVED_TOOLS = new Set(['delete_tasks', 'share_task']);

/** How a call ended that gave a result. */
export function shownIn(text: string, { operation, scene }: Attempt): string {
  if (operation.document.startsWith('mutation')) return '✓';
  if (text.includes('NOT_FOUND')) return 'N';
  const names = { ...scene.standing, ...scene.names };
  return (operation.shows ?? []).every((name) => text.includes(names[name] ?? '?')) ? '✓' : '·';
}

/** What each attempt must give through a tool. */
export function expectedOf({ expected }: Attempt, { tool }: Call): string {
  return expected === '✓' && APPROVED_TOOLS.has(tool) ? 'CONFIRMATION_REQUIRED' : expected;
}
