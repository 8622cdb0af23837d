import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { MOST_MATCHES, NEWEST } from '../../server/sql/search.ts';
import { expectedFinds, searchedTexts } from '../kit/searched-texts.ts';
import { statementsOf } from '../kit/statements.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface Result {
  node: {
    __typename: string;
    id: string;
    title?: string;
    body?: string;
    content?: string;
    owner?: { name: string };
  };
  snippet: { text: string; matched: boolean }[];
  rank: number;
}

let ada: Person;
let bob: Person;
let eve: Person;

const uuid = (person: Person) => uuidOf('User', person.id);

async function search(person: Person, query: string, details: object = {}): Promise<Result[]> {
  const answer = await person.query<{ search: Result[] }>(
    `query ($query: String!, $types: [SearchType!], $first: Int! = 20) {
       search(query: $query, types: $types, first: $first) {
         rank snippet { text matched }
         node { __typename ... on Task { id title owner { name } } ... on Comment { id body task { title } } ... on Message { id content } } } }`,
    { query, ...details },
  );
  return answer.search;
}

const titles = async (person: Person, query: string) =>
  (await search(person, query)).map(({ node }) => node.title);

async function comment(task: string, author: Person, body: string) {
  await db.comment.create({ data: { taskId: uuidOf('Task', task), authorId: uuid(author), body } });
}

async function conversation(owner: Person, content: string) {
  await db.conversation.create({
    data: {
      title: 'Talk',
      ownerId: uuid(owner),
      participants: { create: { userId: uuid(owner) } },
      messages: { create: { role: 'USER', content, authorId: uuid(owner) } },
    },
  });
}

beforeAll(async () => {
  ({ ada, bob, eve } = await people('Ada', 'Bob', 'Eve'));
});

describe('a search', () => {
  test('finds tasks, comments and messages that have all words, the best match first', async () => {
    const first = await ada.createTask('Water the orchids');
    await ada.createTask('Shopping', { description: 'Food for the orchids, and water' });
    await ada.createTask('Water the lawn');
    await comment(first, ada, 'The orchids had no water for a week');
    await conversation(ada, 'How much water do orchids take?');
    const found = await search(ada, 'water orchids');
    expect(found.map(({ node }) => node.__typename)).toHaveLength(4);
    expect(found[0]?.node).toMatchObject({
      __typename: 'Task',
      title: 'Water the orchids',
      owner: { name: 'Ada' },
    });
    expect(new Set(found.map(({ node }) => node.__typename))).toEqual(
      new Set(['Task', 'Comment', 'Message']),
    );
    expect(found.map(({ rank }) => rank)).toEqual(found.map(({ rank }) => rank).sort((a, b) => b - a));
    const comments = await search(ada, 'water orchids', { types: ['COMMENT', 'COMMENT'] });
    expect(comments.map(({ node }) => node)).toMatchObject([{ body: 'The orchids had no water for a week' }]);
    expect(await search(ada, 'water orchids', { types: [] })).toEqual([]);
    expect(await search(ada, 'water orchids', { first: 1 })).toEqual(found.slice(0, 1));
  });

  test('treats the last word as incomplete, and the others as whole words', async () => {
    await ada.createTask('Repair the bicycle');
    expect(await titles(ada, 'repair bicy')).toEqual(['Repair the bicycle']);
    expect(await titles(ada, 'REPAIR Bicycle')).toEqual(['Repair the bicycle']);
    expect(await titles(ada, 'rep bicycle')).toEqual([]);
    expect(await titles(ada, '"the bicycle"')).toEqual(['Repair the bicycle']);
    expect(await titles(ada, '"bicycle the"')).toEqual([]);
  });

  test('finds compounds, addresses and other scripts while they are typed', async () => {
    await ada.createTask('Write the follow-up for Zoë about größe');
    await ada.createTask('Mail jo@example.com the report.pdf');
    await ada.createTask('洗濯 をする');
    for (const query of [
      'follow-u',
      'follow-up',
      'follow-',
      'zoë',
      'GRÖSSE'.toLowerCase().replace('ss', 'ß'),
    ]) {
      expect(await titles(ada, query), query).toEqual(['Write the follow-up for Zoë about größe']);
    }
    for (const query of ['jo@example.co', 'jo@example.com', 'report.p']) {
      expect(await titles(ada, query), query).toEqual(['Mail jo@example.com the report.pdf']);
    }
    expect(await titles(ada, '洗')).toEqual(['洗濯 をする']);
  });

  test('highlights words in plain text, whatever the text contains', async () => {
    await ada.createTask('The kettle & \ue000evil\ue001 "quotes"', {
      description: '<i>That</i> kettle whistles',
    });
    const [found] = await search(ada, 'kettl');
    const text = found?.snippet.map((part) => part.text).join('');
    expect(text).toBe('The kettle & \ue000evil\ue001 "quotes"\n<i>That</i> kettle whistles');
    const matched = found?.snippet.filter((part) => part.matched).map((part) => part.text);
    expect(matched).toEqual(['kettle', 'kettle']);
  });

  test('returns only passages of a long text', async () => {
    const filling = 'filling '.repeat(600);
    await ada.createTask('Long', { description: `${filling} needle ${filling}` });
    const [found] = await search(ada, 'needle');
    const snippet = found?.snippet.map(({ text }) => text).join('') ?? '';
    expect(snippet).toContain('needle');
    expect(snippet.length).toBeLessThan(500);
  });

  test('[FR-009] finds each text by the words that people expect, and by no others (SEARCH-SLASH) (SEARCH-NUM)', async () => {
    const { mia } = await people('Mia');
    for (const { text } of searchedTexts) await mia.createTask(text);
    const found: Record<string, unknown> = {};
    for (const word of expectedFinds().keys()) found[word] = (await titles(mia, word)).sort();
    expect(found).toEqual(
      Object.fromEntries([...expectedFinds()].map(([word, expected]) => [word, expected.sort()])),
    );
  });

  test('ranks a word with its accents above one without, for both spellings', async () => {
    await ada.createTask('Résumé one');
    await ada.createTask('Resume two');
    expect(await titles(ada, 'résumé')).toEqual(['Résumé one', 'Resume two']);
    expect(await titles(ada, 'resume')).toEqual(['Resume two', 'Résumé one']);
  });

  test('finds decomposed letters by composed ones, and vice versa (NFC)', async () => {
    await ada.createTask('Cafe\u0301 composed');
    await ada.createTask('Caf\u00e9 decomposed');
    for (const query of ['caf\u00e9', 'cafe\u0301', 'cafe']) expect(await titles(ada, query)).toHaveLength(2);
  });

  test('takes less than a second if a long text repeats the words of a phrase (H2)', async () => {
    const { ned } = await people('Ned');
    const data = ['a ', 'a-b-c-d-e-f '].flatMap((words) =>
      Array.from({ length: 300 }, () => ({
        id: newId(),
        title: 'Repeated',
        description: words.repeat(10_000 / words.length),
        ownerId: uuid(ned),
      })),
    );
    for (let at = 0; at < data.length; at += 100)
      await db.task.createMany({ data: data.slice(at, at + 100) });
    for (const query of ['"a a a a a a a a a a"', 'a-b-c-d-e-f', 'a b c d e f', 'a-b-c-d-e a-b']) {
      const began = performance.now();
      expect(await search(ned, query, { first: 1 })).toHaveLength(1);
      expect(performance.now() - began, query).toBeLessThan(1_000);
    }
  });

  test.each([
    ...[
      '',
      ' ',
      '!',
      '&',
      '|',
      '()',
      '(',
      ':*',
      "'",
      "''",
      '"',
      '"""',
      '\\',
      "a'b",
      'a:*',
      'a & b',
      'a | b',
      '!a',
      '-',
      '--a',
    ],
    ...[
      '-a',
      'a -',
      'or',
      'a or',
      'or or or',
      '<->',
      'a <-> b',
      '*',
      'a*',
      '%',
      '_',
      '\ue000',
      '🧵',
      '\\x00',
      '-foo-bar',
      '-"a b"',
    ],
    ...[
      '"a-b" -c-d',
      "' OR 1=1 --",
      '$1',
      '{}',
      '$$',
      'a:b:c',
      'a/b/c?d=e',
      'http://x.y/z',
      'é'.repeat(200),
      '( '.repeat(100),
    ],
  ])('accepts any input: %j', async (query) => {
    expect(Array.isArray(await search(ada, query))).toBe(true);
  });

  test('ignores operators for exclusion', async () => {
    expect(await titles(ada, '-nothing')).toEqual([]);
    expect(await titles(ada, 'repair -bicycle')).toEqual(['Repair the bicycle']);
  });

  test.each([
    ['a NUL', { query: 'a\0' }, 'query'],
    ['half of an emoji', { query: '\ud83e' }, 'query'],
    ['201 characters', { query: 'x'.repeat(201) }, 'query'],
    ['51 results', { query: 'x', first: 51 }, 'first'],
    ['less than none', { query: 'x', first: -1 }, 'first'],
  ])('rejects %s', async (_what, { query, ...details }, field) => {
    await expect(search(ada, query, details)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('[FR-009] [BR-08] finds nothing that the viewer cannot see', async () => {
    const team = await teamOf(bob, [[ada, 'VIEWER']]);
    const secret = await bob.createTask('Zeppelin of one’s own');
    await comment(secret, bob, 'zeppelin comment');
    await conversation(bob, 'zeppelin message');
    const teams = await bob.createTask('Zeppelin of the team', { teamId: team.id });
    await comment(teams, bob, 'zeppelin comment of the team');
    expect(await search(bob, 'zeppelin')).toHaveLength(5);
    expect((await search(ada, 'zeppelin')).map(({ node }) => node.title ?? node.body)).toEqual([
      'Zeppelin of the team',
      'zeppelin comment of the team',
    ]);
    expect(await search(eve, 'zeppelin')).toEqual([]);
    const share = { taskId: uuidOf('Task', secret), sharedWithId: uuid(eve), sharedById: uuid(bob) };
    await db.taskShare.create({ data: share });
    expect((await search(eve, 'zeppelin')).map(({ node }) => node.title ?? node.body)).toEqual([
      'Zeppelin of one’s own',
      'zeppelin comment',
    ]);
    await db.taskShare.updateMany({ where: { sharedWithId: uuid(eve) }, data: { expiresAt: new Date(0) } });
    expect(await search(eve, 'zeppelin')).toEqual([]);
  });

  test('[FR-014] takes one statement per type with results', async () => {
    const many = Array.from({ length: 40 }, (_, n) => ({
      id: newId(),
      title: `Marble ${n}`,
      position: 'a0',
      ownerId: uuid(ada),
    }));
    await db.task.createMany({ data: many });
    await ada.query('{ viewer { id } }');
    const few = await statementsOf(() => search(ada, 'marble', { first: 1 }));
    let found: Result[] = [];
    const all = await statementsOf(async () => {
      found = await search(ada, 'marble', { first: 50 });
    });
    expect(found).toHaveLength(40);
    expect(found[0]?.node.id).toBe(publicId('Task', many.at(-1)?.id ?? ''));
    expect(all).toHaveLength(few.length);
    expect(all).toHaveLength(3);
  });
});

describe('[SC-009] with more tasks and messages than one search reads', () => {
  const MANY = NEWEST + 60;
  const moment = (n: number) => new Date(Date.UTC(2020, 0, 1, 0, 0, n));
  const texts = async (person: Person, query: string, details: object = { first: 50 }) =>
    (await search(person, query, details)).map(({ node }) => node.title ?? node.body ?? node.content);

  let fay: Person;
  let gil: Person;

  /** Tasks, the oldest first; each has the common words and some of its own. */
  async function tasks(owner: Person, wordsOf: (n: number) => string, teamId?: string): Promise<string[]> {
    const data = Array.from({ length: MANY }, (_, n) => ({
      id: newId(),
      title: `Ordinary ${wordsOf(n)}`,
      ownerId: uuid(owner),
      teamId: teamId ?? null,
      createdAt: moment(n),
    }));
    await db.task.createMany({ data });
    return data.map(({ id }) => publicId('Task', id));
  }

  beforeAll(async () => {
    ({ fay, gil } = await people('Fay', 'Gil'));
    const [oldest = ''] = await tasks(fay, (n) => {
      if (n === 0) return 'ordinary heirloom';
      if (n === MANY - 500) return 'ordinary and mended';
      if (n < 60) return `fiftieth sixtieth ${n}`;
      return n >= MANY - 49 ? 'sixtieth' : n === MANY - 50 ? 'fiftieth heirloom' : String(n);
    });
    await comment(oldest, fay, 'A remark on something old');
  });

  test('for a common word, the newest are found, ordered by rank', async () => {
    const found = await texts(fay, 'ordinary');
    expect(found).toHaveLength(50);
    expect(found[0]).toBe('Ordinary ordinary and mended');
    expect(found).not.toContain('Ordinary ordinary heirloom');
    expect(await texts(fay, 'ordin')).toEqual(found);
    expect(await texts(fay, 'ordinary', { first: 7 })).toEqual(found.slice(0, 7));
  });

  test('a word in fewer than fifty of the newest is found in texts of any age', async () => {
    expect(await texts(fay, 'heirloom')).toEqual([
      'Ordinary fiftieth heirloom',
      'Ordinary ordinary heirloom',
    ]);
    expect(await texts(fay, 'remark')).toEqual(['A remark on something old']);
    expect(await texts(fay, 'fiftieth 59')).toEqual(['Ordinary fiftieth sixtieth 59']);
    expect((await texts(fay, 'sixtieth')).filter((title) => title?.includes('fiftieth'))).toHaveLength(1);
  });

  test('a filtered list has the newest tasks with common words, in any order, and all tasks with a rare word (M16)', async () => {
    const list = async (text: string) => {
      const { tasks } = await fay.query<{ tasks: { totalCount: number; nodes: { title: string }[] } }>(
        `query ($text: String!) {
           tasks(filter: { text: $text }, orderBy: { field: CREATED_AT, direction: ASC }, first: 1) { totalCount nodes { title } } }`,
        { text },
      );
      return { count: tasks.totalCount, first: tasks.nodes[0]?.title };
    };
    expect(await list('ordinary')).toEqual({ count: MOST_MATCHES, first: `Ordinary ${MANY - MOST_MATCHES}` });
    expect(await list('heirl')).toEqual({ count: 2, first: 'Ordinary ordinary heirloom' });
    expect(await list('fiftieth 59')).toEqual({ count: 1, first: 'Ordinary fiftieth sixtieth 59' });
    expect(await list('!')).toEqual({ count: 0 });
  });

  test('[FR-009] search results do not depend on invisible tasks of others', async () => {
    await gil.createTask('Ordinary task of Gil');
    expect(await texts(gil, 'ordinary')).toEqual(['Ordinary task of Gil']);
    expect(await texts(fay, '"of Gil"')).toEqual([]);
    expect(await texts(gil, 'heirloom')).toEqual([]);
  });

  test('[FR-009] [BR-06] a person who left a team finds none of the tasks that they created there', async () => {
    const team = await teamOf(bob, [[gil, 'MEMBER']]);
    await tasks(gil, (n) => `team ${n % 100}`, uuidOf('Team', team.id));
    expect(await texts(gil, 'ordinary team')).toHaveLength(50);
    await db.membership.deleteMany({ where: { userId: uuid(gil), teamId: uuidOf('Team', team.id) } });
    expect(await texts(gil, 'ordinary team')).toEqual([]);
    expect(await texts(gil, 'team 7')).toEqual([]);
    expect(await texts(gil, 'ordinary')).toEqual(['Ordinary task of Gil']);
  });

  test('messages are found in the same way, those of the latest active conversation first', async () => {
    await conversation(fay, 'Murmur from long ago');
    const { id: conversationId } = await db.conversation.create({
      data: { title: 'Long talk', ownerId: uuid(fay), participants: { create: { userId: uuid(fay) } } },
    });
    const data = Array.from({ length: MANY }, (_, n) => {
      const content = n === 0 ? 'Murmur of the first keepsake' : `Murmur ${n}`;
      return { id: newId(), conversationId, role: 'USER' as const, content, createdAt: moment(n) };
    });
    await db.message.createMany({ data });
    const found = await texts(fay, 'murmur');
    expect(found).toHaveLength(50);
    expect(found).not.toContain('Murmur from long ago');
    expect(await texts(fay, 'keepsake')).toEqual(['Murmur of the first keepsake']);
    expect(await texts(fay, 'murmur ago')).toEqual(['Murmur from long ago']);
    expect(await texts(gil, 'murmur')).toEqual([]);
  });
});
