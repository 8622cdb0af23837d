import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { agentOf } from '../kit/agent.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { startWorld } from '../kit/world.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8');
const world = await startWorld();

/** Code of the page, for the test's server. */
function code(language: string, words: string): string {
  const blocks = [...page.matchAll(/```(\w+)\n(.*?)```/gs)].filter(([, name]) => name === language);
  const block = blocks.map(([, , text = '']) => text).find((text) => text.includes(words));
  return (block ?? '').replaceAll('http://127.0.0.1:4000', world.url);
}

test.each([
  ['curl', 'bash', ['-euc', code('sh', 'tools/call')], '"title":"Water the plants"'],
  ['JavaScript', process.execPath, ['--input-type=module', '-e', code('js', 'callTool')], 'task_'],
])('[T062] the example with %s runs as printed', async (_, program, args, words) => {
  const { grace } = await world.people('Grace');
  await grace.createTask('Water the plants');
  const { token } = await apiTokenOf(grace, { scopes: ['READ', 'WRITE'] });
  const env = { ...process.env, TASKWIRE_TOKEN: token };
  const { stdout } = await promisify(execFile)(program, args, { cwd: ROOT, env });
  expect(stdout).toContain(words);
});

test('[T062] the table of tools lists every tool, with the points of a call', async () => {
  const { grace } = await world.people('Grace');
  const { client } = await agentOf(grace, world.url);
  const taskId = await grace.createTask('Water the plants');
  const { createConversation } = await grace.query<{ createConversation: { conversation: { id: string } } }>(
    'mutation { createConversation(input: { title: "Garden" }) { conversation { id } } }',
  );
  const conversationId = createConversation.conversation.id;
  const { cursor } = await grace.query<{ cursor: string }>('{ cursor }');
  const calls: Record<string, object> = {
    dashboard: {},
    search: { query: 'plants' },
    get: { ids: [taskId] },
    list_tasks: {},
    create_tasks: { tasks: [{ title: 'Buy soil' }] },
    update_tasks: { tasks: [{ id: taskId, title: 'Water all plants' }] },
    delete_tasks: { ids: [taskId] },
    restore_tasks: { ids: [taskId] },
    share_task: { taskId, email: 'new@example.com' },
    comment: { taskId, body: 'Done' },
    send_message: { conversationId, content: 'Done' },
    changes_since: { cursor },
    query: { query: '{ viewer { name } }' },
  };
  const listed = [...page.matchAll(/^\| `(\w+)` +\|.*\| +(\d+) \|$/gm)].map(([, name, points]) => [
    name,
    Number(points),
  ]);
  const { tools } = await client.listTools();
  const measured = [];
  for (const { name } of tools) {
    const { structuredContent } = await client.callTool({ name, arguments: { ...calls[name] } });
    measured.push([name, (structuredContent as { cost: { points: number } }).cost.points]);
  }
  expect(listed).toEqual(measured);
});
