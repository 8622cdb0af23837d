import { expect, test } from 'vitest';
import { toolCall } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { startWorld } from '../../kit/world.ts';
import { allAttempts, READERS, type Attempt } from '../../schema/matrix/attempts.ts';
import { gather, type Name } from '../../schema/matrix/cast.ts';
import { Stage } from '../../schema/matrix/stage.ts';

const world = await startWorld();

const AT_ONCE = 8;

interface Call {
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

function callOf({ row, operation, scene }: Attempt): Call | undefined {
  const [field = ''] = row.split(/[ ,.]/);
  const toCall = operation.document.startsWith('mutation') ? changes[field] : reads[row];
  const names = { ...scene.standing, ...scene.names };
  const given = operation.variables(names, scene.word) as Omit<Given, 'names'>;
  return toCall?.({ ...given, names });
}

const marks: Record<string, string> = {
  FORBIDDEN: 'F',
  NOT_FOUND: 'N',
  VALIDATION_FAILED: 'V',
  CONFLICT: 'C',
};

/** What the person has to approve. */
const APPROVED_TOOLS = new Set(['delete_tasks', 'share_task']);

interface Result {
  isError?: boolean;
  structuredContent: { error?: { code: string } };
}

async function ended(attempt: Attempt, call: Call, token: string): Promise<string> {
  const response = await fetch(
    `${world.url}/mcp`,
    toolCall(call.tool, call.input, { authorization: `Bearer ${token}` }),
  );
  const text = await response.text();
  const { result } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as { result: Result };
  const { error } = result.structuredContent;
  if (error) return marks[error.code] ?? error.code;
  const { operation, scene } = attempt;
  if (operation.document.startsWith('mutation')) return '✓';
  if (text.includes('NOT_FOUND')) return 'N';
  const names = { ...scene.standing, ...scene.names };
  return (operation.shows ?? []).every((name) => text.includes(names[name] ?? '?')) ? '✓' : '·';
}

test('[FR-009] [FR-011] [SC-005] the tables of rights hold for agents, for every tool', async () => {
  const cast = await gather(world, READERS);
  const stage = new Stage();
  const attempts = allAttempts(stage, cast);
  await stage.write(world.db);
  await world.db.$executeRaw`ANALYZE`;
  const tokens = new Map<Name, string>();
  for (const [name, person] of Object.entries(cast.people) as [Name, (typeof cast.people)[Name]][])
    tokens.set(name, (await apiTokenOf(person, { scopes: ['READ', 'WRITE'] })).token);

  const got: string[] = [];
  const expected: string[] = [];
  const tried = new Set<string>();
  const waiting = attempts.flatMap((attempt) => {
    const { scene, token } = attempt;
    const call = callOf(attempt);
    if (!call || scene.actor === null) return [];
    const credential = token === null ? tokens.get(scene.actor) : cast.tokens[token].get(scene.actor);
    return credential === undefined ? [] : [{ attempt, call, credential }];
  });
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { attempt, call, credential } = next;
        const { table, row, column, token } = attempt;
        const cell = `${table} | ${row} | ${column}${token === null ? '' : ` by a ${token} token`}`;
        // At most 20 can wait for one person.
        await world.db.approval.deleteMany();
        got.push(`${cell}: ${await ended(attempt, call, credential)}`);
        const waits = attempt.expected === '✓' && APPROVED_TOOLS.has(call.tool);
        expected.push(`${cell}: ${waits ? 'CONFIRMATION_REQUIRED' : attempt.expected}`);
        tried.add(call.tool);
      }
    }),
  );
  expect(got.sort()).toEqual(expected.sort());
  expect(got.length).toBeGreaterThan(300);
  expect([...tried].sort()).toEqual([
    'comment',
    'create_tasks',
    'delete_tasks',
    'get',
    'list_tasks',
    'restore_tasks',
    'search',
    'send_message',
    'share_task',
    'update_tasks',
  ]);
}, 180_000);
