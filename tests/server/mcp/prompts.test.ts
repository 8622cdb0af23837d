import { expect, test } from 'vitest';
import { agentOf, REVISIONS } from '../../kit/agent.ts';
import { startWorld } from '../../kit/world.ts';

const { url, people } = await startWorld();

test.each(REVISIONS)(
  'a client with the revision %s offers prompts that name only existing tools',
  async (revision) => {
    const { ada } = await people('Ada');
    const { client } = await agentOf(ada, url, { revision });
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['plan_my_day', 'weekly_review', 'triage']);
    const { tools } = await client.listTools();
    const known = new Map(
      tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]),
    );
    const words = new Set([...known.keys(), ...[...known.values()].flat()]);
    for (const { name } of prompts) {
      const { messages } = await client.getPrompt({ name });
      const [message] = messages;
      const text = message?.content.type === 'text' ? message.content.text : '';
      expect(text).toContain('Change nothing until I agree');
      for (const [, word = ''] of text.matchAll(/`(\w+)`/g))
        expect(words, `${name}: ${word}`).toContain(word);
    }
  },
);

test.each(['nothing', 'constructor'])('there is no prompt "%s"', async (name) => {
  const { ada } = await people('Ada');
  const { client } = await agentOf(ada, url);
  await expect(client.getPrompt({ name })).rejects.toThrow(`There is no prompt "${name}".`);
});
