import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });

let ada: Person;
let team: string;
let task: string;
let conversation: string;

const run = <Data = unknown>(field: string, input: object, selection = 'cursor') => {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return ada.query<Record<string, Data>>(
    `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`,
    { input },
  );
};

beforeAll(async () => {
  ({ ada } = await people('Ada'));
  ({ id: team } = await teamOf(ada));
  task = await ada.createTask('Tea');
  const made = await run<{ conversation: { id: string } }>(
    'createConversation',
    { title: 'Talk' },
    'conversation { id }',
  );
  conversation = made['createConversation']?.conversation.id ?? '';
});

/** Every text input, with the field that an error names. */
const texts: [what: string, field: string, isLine: boolean, send: (text: string) => Promise<unknown>][] = [
  ['a title', 'title', true, (title) => run('createTask', { title })],
  ['a changed title', 'title', true, (title) => run('updateTask', { id: task, title })],
  ['a label', 'labels.0', true, (label) => run('updateTask', { id: task, labels: [label] })],
  ['a team’s name', 'name', true, (name) => run('createTeam', { name })],
  ['a team’s changed name', 'name', true, (name) => run('updateTeam', { id: team, name })],
  ['a conversation’s title', 'title', true, (title) => run('createConversation', { title })],
  ['a person’s name', 'name', true, (name) => run('updateViewer', { name })],
  ['a token’s name', 'name', true, (name) => run('createApiToken', { name, scopes: ['READ'] }, 'token')],
  ['a comment', 'body', false, (body) => run('addComment', { taskId: task, body })],
  ['a message', 'content', false, (content) => run('sendMessage', { conversationId: conversation, content })],
];

const INVISIBLE = {
  'zero-width spaces': '\u200b\u200b',
  'a joiner': '\u200d',
  'a soft hyphen': '\u00ad',
  'a Hangul filler': '\u3164',
  'an empty Braille cell': '\u2800',
  'a mark of direction': '\u200f',
  'a variation selector': '\ufe0f',
};

const refusedOn = (field: string) => ({ code: 'VALIDATION_FAILED', extensions: { field } });

describe.each(texts)('%s', (_what, field, isLine, send) => {
  test.each(Object.entries(INVISIBLE))(
    'consisting of %s is rejected as empty (ZWSP)',
    async (_name, text) => {
      await expect(send(text)).rejects.toMatchObject({
        ...refusedOn(field),
        message: expect.stringMatching(/cannot be empty/) as string,
      });
    },
  );

  test.each(['a\u0007b', 'a\u001b[31mb', 'a\u009bb', 'a\u007fb'])(
    'with a control character (%j) is rejected (ZWSP)',
    async (text) => {
      await expect(send(text)).rejects.toMatchObject(refusedOn(field));
    },
  );

  test('with a direction override is rejected on one line (ZWSP)', async () => {
    for (const text of ['a\u202eb', 'a\u2067b', '\u202ba'])
      expect(await outcome(send(`${text}${Math.random()}`))).toBe(isLine ? 'VALIDATION_FAILED' : 'ok');
  });
});

test('keeps joiners of emoji and of scripts (ZWSP)', async () => {
  for (const title of ['👩‍💻 👩🏽‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'می‌خواهم', 'क्‍ष', 'שלום\u200f', '❤️']) {
    const id = await ada.createTask(title);
    expect((await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', id) } })).title).toBe(
      title.normalize('NFC'),
    );
  }
});

describe('Unicode normalization', () => {
  const COMPOSED = 'Café';
  const DECOMPOSED = 'Cafe\u0301';

  const found = async (filter: object) => {
    const { tasks } = await ada.query<{ tasks: { totalCount: number } }>(
      'query ($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }',
      { filter },
    );
    return tasks.totalCount;
  };

  test('makes one label and one title of both spellings, and finds them by either (NFC)', async () => {
    const id = await ada.createTask(DECOMPOSED, { labels: [COMPOSED, DECOMPOSED, ` ${DECOMPOSED} `] });
    const row = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', id) } });
    expect([row.title, row.labels]).toEqual([COMPOSED, [COMPOSED]]);
    for (const spelling of [COMPOSED, DECOMPOSED]) {
      const filters: object[] = [
        { title: { eq: spelling } },
        { title: { in: [spelling] } },
        { title: { contains: spelling.slice(1) } },
        { labels: { has: spelling } },
        { labels: { has: ` ${spelling}\t` } },
        { labels: { hasSome: [`${spelling} `] } },
        { labels: { hasEvery: [spelling] } },
      ];
      for (const filter of filters) expect(await found(filter), JSON.stringify(filter)).toBe(1);
    }
  });

  test('composes a team’s name, a comment and a message (NFC)', async () => {
    await run('updateTeam', { id: team, name: DECOMPOSED });
    await run('addComment', { taskId: task, body: DECOMPOSED });
    await run('sendMessage', { conversationId: conversation, content: DECOMPOSED });
    expect(await db.team.count({ where: { name: COMPOSED } })).toBe(1);
    expect(await db.comment.count({ where: { body: COMPOSED } })).toBe(1);
    expect(await db.message.count({ where: { content: COMPOSED } })).toBe(1);
  });

  test('is applied to existing rows by an upgrade (NFC)', async () => {
    const before = await ada.createTask('Tea');
    const id = uuidOf('Task', before);
    const labels = ['home', DECOMPOSED, COMPOSED];
    await db.task.update({ where: { id }, data: { title: DECOMPOSED, description: DECOMPOSED, labels } });
    const migration = join(
      import.meta.dirname,
      '../../migrations/20261129213000_normalize_texts/migration.sql',
    );
    await db.$executeRawUnsafe(await readFile(migration, 'utf8'));
    expect(await db.task.findUniqueOrThrow({ where: { id } })).toMatchObject({
      title: COMPOSED,
      description: COMPOSED,
      labels: ['home', COMPOSED],
      version: 1,
    });
  });

  test('counts characters as people do: 200 emoji are accepted as search words, 201 are not (UTF16-LIMITS)', async () => {
    expect(await found({ title: { contains: '🚀'.repeat(200) } })).toBe(0);
    await expect(found({ title: { contains: '🚀'.repeat(201) } })).rejects.toMatchObject(
      refusedOn('filter.title.contains'),
    );
  });
});

test('keeps leading spaces in Markdown, which make a code block (LEADING-CODE)', async () => {
  const code = '    npm start\n\nStarts it.';
  await run('updateTask', { id: task, description: `\n \n${code}  \n` });
  await run('addComment', { taskId: task, body: code });
  await run('sendMessage', { conversationId: conversation, content: code });
  const row = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', task) } });
  expect(row.description).toBe(code);
  expect(await db.comment.count({ where: { body: code } })).toBe(1);
  expect(await db.message.count({ where: { content: code } })).toBe(1);
});

test.each([
  ['updateTask', 'title'],
  ['updateTask', 'description'],
  ['updateTask', 'status'],
  ['updateTask', 'priority'],
  ['updateTask', 'labels'],
  ['moveTask', 'status'],
  ['archiveTask', 'archived'],
  ['updateTeam', 'name'],
  ['updateTeam', 'slug'],
  ['updateTeam', 'description'],
  ['updateViewer', 'name'],
  ['updateViewer', 'timezone'],
])('%s rejects null for its field %s, which cannot be cleared (NULL-CLEAR)', async (verb, field) => {
  const input = {
    ...(verb === 'updateViewer' ? {} : { id: verb === 'updateTeam' ? team : task }),
    ...(verb === 'moveTask' ? { before: task } : {}),
    [field]: null,
  };
  await expect(run(verb, input)).rejects.toMatchObject(refusedOn(field));
});

test('updateTasks and updateShare reject null in the same way (NULL-CLEAR)', async () => {
  const { bob } = await people('Bob');
  await expect(run('updateTasks', { tasks: [{ id: task, title: null }] })).rejects.toMatchObject(
    refusedOn('tasks.0.title'),
  );
  await teamOf(ada, [[bob, 'VIEWER']]);
  const made = await run<{ share: { id: string } }>(
    'shareTask',
    { taskId: task, userId: bob.id },
    'share { id }',
  );
  await expect(
    run('updateShare', { id: made['shareTask']?.share.id, permission: null }),
  ).rejects.toMatchObject(refusedOn('permission'));
});

describe('a day or a time that does not exist', () => {
  const refused = (field: string) => ({
    code: 'VALIDATION_FAILED',
    message: expect.stringMatching(/^Enter an existing (date|time) in the form [\dTZ:-]+\.$/) as string,
    extensions: { field },
  });

  test('is rejected with a plain sentence for its field, in a variable (YEAR-6)', async () => {
    for (const dueOn of ['2026-02-30', '20260-01-01', '2026-1-1', '', 'soon', 20_260_101]) {
      await expect(run('createTask', { title: 'Tea', dueOn }), String(dueOn)).rejects.toMatchObject(
        refused('dueOn'),
      );
      const tasks = [{ id: task }, { id: task, dueOn }];
      await expect(run('updateTasks', { tasks })).rejects.toMatchObject(refused('tasks.1.dueOn'));
    }
    await expect(
      run('shareTask', { taskId: task, userId: ada.id, expiresAt: '2027-02-30T00:00:00Z' }),
    ).rejects.toMatchObject(refused('expiresAt'));
    const single = 'mutation ($day: Date) { createTask(input: { title: "Tea", dueOn: $day }) { cursor } }';
    await expect(ada.query(single, { day: '2026-02-30' })).rejects.toMatchObject(refused('day'));
    const filtered = 'query ($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }';
    await expect(ada.query(filtered, { filter: { dueOn: { before: '2026-13-01' } } })).rejects.toMatchObject(
      refused('filter.dueOn.before'),
    );
  });

  test('is rejected in the same way in the document itself (YEAR-6)', async () => {
    await expect(
      ada.query('mutation { createTask(input: { title: "Tea", dueOn: "2026-02-30" }) { cursor } }'),
    ).rejects.toMatchObject({ ...refused('dueOn'), code: 'GRAPHQL_VALIDATION_FAILED' });
  });
});
