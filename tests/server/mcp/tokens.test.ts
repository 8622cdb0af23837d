import { countTokens } from 'gpt-tokenizer';
import { expect, test } from 'vitest';
import { agentOf } from '../../kit/agent.ts';
import { startWorld } from '../../kit/world.ts';

const { url, people } = await startWorld();

test('the definitions of all tools fit into 4,000 tokens', async () => {
  const { ada } = await people('Ada');
  const { client } = await agentOf(ada, url);
  const { tools } = await client.listTools();
  expect(tools.length).toBeLessThanOrEqual(13);
  expect(countTokens(JSON.stringify(tools))).toBeLessThanOrEqual(4_000);
});

const TITLES = [
  'Prepare the quarterly report for the board',
  'Call the plumber about the leaking tap in the kitchen',
  'Überweisung an den Verein prüfen',
  'Review pull request #1482',
  'Buy milk',
];

test('a list of 25 tasks fits into 1,500 tokens', async () => {
  const { ada } = await people('Ada');
  const { client, call } = await agentOf(ada, url);
  const tasks = Array.from({ length: 25 }, (_, n) => ({
    title: TITLES[n % TITLES.length] ?? '',
    dueOn: `2027-01-${String(n + 1).padStart(2, '0')}`,
    assigneeId: ada.id,
    description: 'A long description. '.repeat(100),
  }));
  await call('create_tasks', { tasks });
  const { structuredContent, content } = await client.callTool({ name: 'list_tasks' });
  expect(structuredContent).toHaveProperty('tasks.length', 25);
  const [block] = content;
  for (const text of [JSON.stringify(structuredContent), block?.type === 'text' ? block.text : ''])
    expect(countTokens(text)).toBeLessThanOrEqual(1_500);
});
