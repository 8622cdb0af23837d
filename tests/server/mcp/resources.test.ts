import { expect, test } from 'vitest';
import { newId, publicId } from '../../../server/ids.ts';
import { agentOf, REVISIONS } from '../../kit/agent.ts';
import { teamOf } from '../../kit/team.ts';
import { startWorld } from '../../kit/world.ts';

const { url, people } = await startWorld();

test.each(REVISIONS)(
  'a client with the revision %s reads the dashboard and objects by their URI',
  async (revision) => {
    const { ada } = await people('Ada');
    const team = await teamOf(ada);
    const task = await ada.createTask('Plan', { teamId: team.id });
    const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
      'mutation { createConversation(input: { title: "Garden" }) { conversation { id } } }',
    );
    const { client } = await agentOf(ada, url, { revision, path: '/mcp/readonly' });
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['taskwire://dashboard']);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'taskwire://task/{id}',
      'taskwire://team/{id}',
      'taskwire://conversation/{id}',
    ]);
    const read = async (uri: string) => {
      const { contents } = await client.readResource({ uri });
      const [content] = contents;
      expect(content).toMatchObject({ uri, mimeType: 'application/json' });
      return JSON.parse(content && 'text' in content ? content.text : '') as unknown;
    };
    expect(await read('taskwire://dashboard')).toMatchObject({
      viewer: { name: 'Ada' },
      teams: [{ id: team.id }],
    });
    expect(await read(`taskwire://task/${task}`)).toMatchObject({
      title: 'Plan',
      note: expect.any(String) as unknown,
    });
    expect(await read(`taskwire://team/${team.id}`)).toMatchObject({ members: [{ user: { name: 'Ada' } }] });
    expect(await read(`taskwire://conversation/${createConversation.conversation.id}`)).toMatchObject({
      title: 'Garden',
    });
  },
);

test('[FR-009] another person’s task is not found, like one that does not exist', async () => {
  const { ada, eve } = await people('Ada', 'Eve');
  const hidden = await ada.createTask('Secret');
  const { client } = await agentOf(eve, url);
  for (const id of [hidden, publicId('Task', newId())])
    await expect(client.readResource({ uri: `taskwire://task/${id}` })).rejects.toThrow(
      'This does not exist, or you do not have access to it.',
    );
});

test.each(['taskwire://nothing', 'file:///etc/passwd', `taskwire://team/${publicId('Task', newId())}`])(
  'there is no resource %s',
  async (uri) => {
    const { ada } = await people('Ada');
    const { client } = await agentOf(ada, url);
    await expect(client.readResource({ uri })).rejects.toThrow(`There is no resource ${uri}.`);
  },
);
