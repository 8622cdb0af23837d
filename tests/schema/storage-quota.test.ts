import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { foldStorage } from '../../server/counters/storage.ts';
import { uuidOf } from '../../server/ids.ts';
import { openSession } from '../kit/session.ts';
import { giveShare, offerShare } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

const MOST_ROWS = 40;
const world = await startWorld({ STORAGE_ROWS_PER_PERSON: String(MOST_ROWS), STORAGE_MB_PER_PERSON: '1' });

const CREATE =
  'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { tasks { id } } }';
const UPDATE = 'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }';
const DELETE = 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }';
const DELETE_MANY =
  'mutation ($tasks: [DeleteTaskInput!]!) { deleteTasks(input: { tasks: $tasks }) { cursor } }';
const PURGE = 'mutation ($tasks: [PurgeTaskInput!]!) { purgeTasks(input: { tasks: $tasks }) { cursor } }';
const RESTORE =
  'mutation ($tasks: [RestoreTaskInput!]!) { restoreTasks(input: { tasks: $tasks }) { cursor } }';
const COMMENT =
  'mutation ($taskId: ID!, $body: String!) { addComment(input: { taskId: $taskId, body: $body }) { comment { id } } }';
const RESAY =
  'mutation ($id: ID!, $body: String!) { updateComment(input: { id: $id, body: $body }) { cursor } }';
const CONVERSE = 'mutation { createConversation(input: { title: "Plans" }) { conversation { id } } }';
const SEND =
  'mutation ($id: ID!, $content: String!) { sendMessage(input: { conversationId: $id, content: $content }) { cursor } }';
const TEAM = 'mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }';
const INVITE =
  'mutation ($teamId: ID!) { inviteMember(input: { teamId: $teamId, email: "eve@example.com" }) { cursor } }';
const SHARE =
  'mutation ($taskId: ID!, $userId: ID, $email: String) { shareTask(input: { taskId: $taskId, userId: $userId, email: $email, permission: EDIT }) { cursor } }';

interface Usage {
  rows: number;
  bytes: number;
  maxRows: number | null;
  maxBytes: number | null;
}

async function usageOf(person: Person): Promise<Usage> {
  const { viewer } = await person.query<{ viewer: { usage: Usage } }>(
    '{ viewer { usage { rows bytes maxRows maxBytes } } }',
  );
  return viewer.usage;
}

async function createMany(person: Person, many: number, details: object = {}): Promise<string[]> {
  const tasks = Array.from({ length: many }, (_, n) => ({ title: `Task ${n}`, ...details }));
  const made = await person.query<{ createTasks: { tasks: { id: string }[] } }>(CREATE, { tasks });
  return made.createTasks.tasks.map(({ id }) => id);
}

/** A process caches a person's usage for a second. */
const refused = (work: () => Promise<unknown>) =>
  expect.poll(() => work().catch((error: unknown) => error), { timeout: 5_000 });
const accepted = (work: () => Promise<unknown>) =>
  expect.poll(() => work().then(() => 'accepted', String), { timeout: 5_000 }).toBe('accepted');

async function connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
  await using client = await openSession(world.databaseUrl);
  return await work(client);
}

test('[BR-19] a person at the quota of objects gets an error with advice, can delete objects, and others are not affected (M10)', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const conversation = (await ada.query<{ createConversation: { conversation: { id: string } } }>(CONVERSE))
    .createConversation.conversation;
  const team = (await ada.query<{ createTeam: { team: { id: string } } }>(TEAM, { name: 'Quota' })).createTeam
    .team;
  const ids = await createMany(ada, MOST_ROWS);
  const [taskId = ''] = ids;

  await refused(() => ada.createTask('one more')).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    message:
      'You have reached the storage quota of 40 tasks, comments, messages and other objects. Delete data you no longer need, also from the trash, or ask the operator of this server for a larger quota.',
  });
  const more: Record<string, () => Promise<unknown>> = {
    createTasks: () => createMany(ada, 1),
    addComment: () => ada.query(COMMENT, { taskId, body: 'Yes' }),
    createConversation: () => ada.query(CONVERSE),
    sendMessage: () => ada.query(SEND, { id: conversation.id, content: 'Hello' }),
    createTeam: () => ada.query(TEAM, { name: 'Another' }),
    inviteMember: () => ada.query(INVITE, { teamId: team.id }),
    shareTask: () => ada.query(SHARE, { taskId, email: bob.email }),
  };
  for (const [verb, work] of Object.entries(more))
    await expect(work(), verb).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await ada.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id: taskId });
  await bob.createTask('not held up');

  await ada.query(DELETE_MANY, { tasks: ids.slice(1).map((id) => ({ id })) });
  await refused(() => ada.createTask('the trash counts, too')).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await ada.query(PURGE, { tasks: ids.slice(1).map((id) => ({ id })) });
  await accepted(() => ada.createTask('room again'));
  expect(await usageOf(ada)).toMatchObject({ maxRows: MOST_ROWS, maxBytes: 1024 * 1024 });
});

test('[BR-19] at the quota of text nothing can get longer, by anyone, but it can get shorter (M10)', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const ids = await createMany(ada, 20, { description: '✓'.repeat(10_000) });
  const short = await ada.createTask('short');
  await giveShare(ada, bob, short, { permission: 'EDIT' });
  const { addComment } = await ada.query<{ addComment: { comment: { id: string } } }>(COMMENT, {
    taskId: short,
    body: 'Brief',
  });
  await createMany(ada, 15, { description: '✓'.repeat(10_000) });

  // Edits, since new tasks would reach the quota of objects first.
  let length = 0;
  await refused(() =>
    ada.query(UPDATE, { input: { id: short, description: 'x'.repeat(++length) } }),
  ).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await expect(ada.createTask('one more')).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
    message: expect.stringContaining('1 MB of text') as string,
  });
  for (const person of [ada, bob]) {
    const longer = person.query(UPDATE, { input: { id: short, description: 'x'.repeat(1_000) } });
    await expect(longer, person.name).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  }
  const say = (body: string) => ada.query(RESAY, { id: addComment.comment.id, body });
  await expect(say('Much longer')).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await say('Hm');
  await bob.query(UPDATE, { input: { id: short, priority: 'HIGH' } });
  for (const id of ids) await ada.query(UPDATE, { input: { id, description: '' } });
  await accepted(() => ada.query(UPDATE, { input: { id: short, description: 'x'.repeat(1_000) } }));
});

test('[BR-19] people cannot read the storage usage of others (M10)', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const taskId = await ada.createTask('shared');
  await giveShare(ada, bob, taskId);
  const { task } = await bob.query<{ task: object }>(
    'query ($id: ID!) { task(id: $id) { owner { name usage { rows } } } }',
    {
      id: taskId,
    },
  );
  expect(task).toEqual({ owner: { name: 'Ada', usage: null } });
});

describe('[BR-19] what is stored is counted', { timeout: 20_000 }, () => {
  /** Creates, edits and deletes an object of each kind. */
  async function liveThroughIt(person: Person): Promise<void> {
    const [first = '', second = '', third = ''] = await createMany(person, 3, { labels: ['garden', '庭'] });
    await person.query(COMMENT, { taskId: first, body: 'Schön' });
    await person.query(COMMENT, { taskId: second, body: 'gone with its task' });
    await person.query(UPDATE, { input: { id: first, title: 'A longer title', description: 'Grüße' } });
    await person.query(COMMENT, { taskId: third, body: 'back with its task' });
    await person.query(DELETE_MANY, { tasks: [{ id: second }, { id: third }] });
    await person.query(RESTORE, { tasks: [{ id: third }] });
    const purged = await person.createTask('Purged');
    await person.query(DELETE, { id: purged });
    await person.query(PURGE, { tasks: [{ id: purged }] });
    const conversation = (
      await person.query<{ createConversation: { conversation: { id: string } } }>(CONVERSE)
    ).createConversation.conversation;
    await person.query(SEND, { id: conversation.id, content: 'Hello ☀' });
    const { team } = (
      await person.query<{ createTeam: { team: { id: string } } }>(TEAM, { name: person.email })
    ).createTeam;
    await person.query(INVITE, { teamId: team.id });
    await person.query('mutation { createApiToken(input: { name: "Calendar", scopes: [READ] }) { token } }');
  }

  const BY_HAND = `
    SELECT count(*)::int AS rows, sum(bytes)::int AS bytes FROM (
      SELECT octet_length(title) + octet_length(description) + octet_length(labels::text) AS bytes FROM tasks WHERE owner_id = $1
      UNION ALL SELECT bytes FROM trashed_tasks WHERE owner_id = $1
      UNION ALL SELECT bytes FROM trashed_rows WHERE author_id = $1
      UNION ALL SELECT octet_length(body) FROM comments WHERE author_id = $1
      UNION ALL SELECT octet_length(title) FROM conversations WHERE owner_id = $1
      UNION ALL SELECT octet_length(content) FROM messages WHERE author_id = $1
      UNION ALL SELECT 0 FROM memberships WHERE user_id = $1
      UNION ALL SELECT 0 FROM task_shares WHERE shared_by_id = $1
      UNION ALL SELECT octet_length(title) + coalesce(octet_length(email), 0) FROM share_offers WHERE offered_by_id = $1
      UNION ALL SELECT 0 FROM blocks WHERE blocker_id = $1
      UNION ALL SELECT octet_length(email) FROM team_invitations WHERE invited_by_id = $1
      UNION ALL SELECT octet_length(name) FROM api_tokens WHERE user_id = $1
    ) AS stored`;

  async function byHand({ id }: Person): Promise<unknown> {
    const { rows } = await connected((client) => client.query(BY_HAND, [uuidOf('User', id)]));
    return rows[0];
  }

  test('exactly, at once and after several processes have folded it (M10)', async () => {
    const { ada, bob } = await world.people('Ada', 'Bob');
    await Promise.all([ada, bob].map(liveThroughIt));
    await giveShare(ada, bob, await ada.createTask('Accepted'));
    const offered = await ada.createTask('Plan the party');
    await offerShare(ada, 'eve@example.com', offered);
    await ada.query(UPDATE, { input: { id: offered, title: 'Plan the summer party' } });
    await offerShare(ada, 'eve@example.com', offered);
    await ada.query('mutation ($id: ID!) { blockPerson(input: { userId: $id }) { cursor } }', { id: bob.id });
    expect(await usageOf(ada)).toMatchObject((await byHand(ada)) as object);
    await Promise.all(Array.from({ length: 3 }, () => connected(foldStorage)));
    for (const person of [ada, bob])
      expect(await usageOf(person)).toMatchObject((await byHand(person)) as object);
  });

  test('including rows from before the server counted it (M10)', async () => {
    const { ada } = await world.people('Ada');
    await liveThroughIt(ada);
    const migration = new URL(
      '../../migrations/20261129230000_count_storage_per_person/migration.sql',
      import.meta.url,
    );
    await connected(async (client) => {
      await client.query('BEGIN');
      const { rows } = await client.query<{ name: string }>(
        `SELECT proname AS name FROM pg_proc WHERE proname LIKE 'count\\_storage\\_of\\_%'`,
      );
      for (const { name } of rows) await client.query(`DROP FUNCTION ${name} CASCADE`);
      // There was no trash then.
      await client.query('DELETE FROM trashed_tasks');
      await client.query('DROP TABLE storage_usage, storage_changes');
      await client.query(await readFile(migration, 'utf8'));
      await client.query('COMMIT');
    });
    expect(await usageOf(ada)).toMatchObject((await byHand(ada)) as object);
  });

  test('and the usage of a deleted account is removed (M10)', async () => {
    const { ada } = await world.people('Ada');
    await liveThroughIt(ada);
    const left = await connected(async (client) => {
      await client.query('DELETE FROM tasks WHERE owner_id = $1', [uuidOf('User', ada.id)]);
      await client.query('DELETE FROM conversations WHERE owner_id = $1', [uuidOf('User', ada.id)]);
      await client.query('DELETE FROM users WHERE id = $1', [uuidOf('User', ada.id)]);
      await foldStorage(client);
      return client.query('SELECT FROM storage_usage WHERE user_id = $1', [uuidOf('User', ada.id)]);
    });
    expect(left.rowCount).toBe(0);
  });
});
