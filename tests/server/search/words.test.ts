import type { Client } from 'pg';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';

import { applyMigrations } from '../../../server/database/migrations.ts';
import { parseQuery } from '../../../server/search/query.ts';
import { paced } from '../../../server/search/paced.ts';
import { snippetOf } from '../../../server/search/snippet.ts';
import { taskVector } from '../../../server/search/vector.ts';
import { foldedWordsOf, wordsOf } from '../../../server/search/words.ts';
import { expectedFinds, searchedTexts } from '../../kit/searched-texts.ts';
import { freshDatabase } from '../../kit/database.ts';
import { openSession } from '../../kit/session.ts';
import { emptyDatabase } from '../database/scratch-database.ts';

const database = await freshDatabase();

async function connected(url: string): Promise<Client> {
  const client = await openSession(url);
  onTestFinished(() => client.end());
  return client;
}

/** The words of a text in the database, with their positions. */
async function wordsInDatabase(client: Client, texts: string[]): Promise<string[][]> {
  const { rows } = await client.query<{ words: string[] }>(
    `SELECT ARRAY(SELECT concat(lexeme, ' ', place, ' ', weight) COLLATE "C" AS entry
                  FROM unnest(search_words(text, 'A', 'C')) AS word (lexeme, places, weights),
                       unnest(places, weights) AS at (place, weight)
                  ORDER BY entry) AS words
     FROM unnest($1::text[]) WITH ORDINALITY AS given (text, nth) ORDER BY nth`,
    [texts],
  );
  return rows.map(({ words }) => words);
}

const any = (characters: string[]) => () => characters[Math.floor(Math.random() * characters.length)] ?? '';
const anyAscii = any(Array.from('abcdeABC0123456789xe  __--..//::@@&&<<~~+#%;,()[]{}!?*|\\\'"\n\t=$^`'));

function wordsHere(text: string): string[] {
  const bytes = (word: string) => Buffer.from(word);
  return wordsOf(text)
    .flatMap(({ exact, plain }, at) => [
      `${exact} ${at + 1} A`,
      ...(plain === exact || plain === '' ? [] : [`${plain} ${at + 1} C`]),
    ])
    .sort((a, b) => bytes(a).compare(bytes(b)));
}

/** Some builds of PostgreSQL know their case and their combination, others do not. */
const LATER_THAN_UNICODE_10 = /[\u1abf-\u1aff\u1c80-\u1cbf\u2c2f\u2c5f]/u;

test('the database produces the same words as the parser of queries', async () => {
  const client = await connected(database);
  const early = Array.from({ length: 0x3400 - 0x80 }, (_, at) => String.fromCodePoint(at + 0x80)).filter(
    (character) => /\P{Cn}/u.test(character) && !LATER_THAN_UNICODE_10.test(character),
  );
  const later = ['資', '한', '글', 'ｶ', 'ﾞ', 'ﬁ', 'Ａ', '️', '🚀', '👩', '‍', '🏽', '𝔘', '𠮷', '\ue000'];
  const mixed = [...early, ...Array.from({ length: 200 }, () => later).flat()];
  const texts = [
    ...searchedTexts.flatMap(({ text, found }) => [text, text.normalize('NFD'), ...found]),
    ...Array.from({ length: 300 }, () => Array.from({ length: 60 }, anyAscii).join('')),
    ...Array.from({ length: 100 }, () => Array.from({ length: 40 }, any(mixed)).join('')),
    ...Array.from({ length: early.length / 100 }, (_, at) =>
      early
        .slice(at * 100, at * 100 + 100)
        .map((character) => ` x${character}y ${character} `)
        .join(''),
    ),
  ];
  const made = await wordsInDatabase(client, texts);
  const different = texts.filter((text, at) => String(made[at]) !== String(wordsHere(text)));
  expect(different).toEqual([]);

  const pairs = texts.map((title, at) => ({ title, description: texts[at + 1] ?? '' }));
  const { rows } = await client.query(
    `SELECT title, description, vector FROM jsonb_to_recordset($1) AS given (title text, description text, vector tsvector)
     WHERE vector <> search_words(title, 'A', 'C') || search_words(description, 'B', 'D')`,
    [JSON.stringify(pairs.map((pair) => ({ ...pair, vector: taskVector(pair) })))],
  );
  expect(rows).toEqual([]);
});

const LOCALES = {
  C: "LOCALE 'C'",
  'C.UTF-8': "LOCALE 'C.UTF-8'",
  'English by ICU': "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'",
  'Turkish by ICU': "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'",
};

test.each(Object.entries(LOCALES))(
  'each text is found by the words that people expect, and by no others, with the locale %s (SEARCH-CASE) (SEARCH-GLUE)',
  async (_name, locale) => {
    const url = await emptyDatabase(`TEMPLATE template0 ENCODING 'UTF8' ${locale}`);
    await applyMigrations(url);
    const client = await connected(url);
    await client.query(
      `INSERT INTO users (id, name, email, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now())`,
    );
    await client.query(
      `INSERT INTO tasks (id, title, owner_id) SELECT gen_random_uuid(), title, users.id FROM unnest($1::text[]) AS title, users`,
      [searchedTexts.map(({ text }) => text)],
    );
    const expected = expectedFinds();
    const found = new Map<string, string[]>();
    for (const word of expected.keys()) {
      const { rows } = await client.query<{ title: string }>(
        'SELECT title FROM tasks WHERE words @@ $1::tsquery',
        [parseQuery(word)?.condition],
      );
      const titles = rows.map(({ title }) => title);
      found.set(
        word,
        searchedTexts.map(({ text }) => text).filter((text) => titles.includes(text)),
      );
    }
    expect(expected.size).toBeGreaterThanOrEqual(120);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  },
);

test('matches are highlighted, and the snippet keeps the original text (SEARCH-TAG)', () => {
  for (const { text, found } of searchedTexts) {
    for (const word of found) {
      const snippet = snippetOf(text, parseQuery(word)?.phrases ?? []);
      expect(snippet.map((part) => part.text).join(''), word).toBe(text);
      expect(
        snippet.filter(({ matched }) => matched),
        `${word} in ${text}`,
      ).not.toEqual([]);
    }
  }
  const marks = (text: string, word: string) =>
    snippetOf(text, parseQuery(word)?.phrases ?? []).flatMap(({ text, matched }) => (matched ? [text] : []));
  expect(marks('List<Invoice> of an invoice', 'invoice')).toEqual(['Invoice', 'invoice']);
  expect(marks('会議、資料室の資料', '資料')).toEqual(['資料', '資料']);
  expect(marks('會議資料', '議')).toEqual(['議']);
  expect(marks('Écrire une lettre', 'ecri')).toEqual(['Écrire']);
  expect(marks('a b, then a, then b', '"a b"')).toEqual(['a', 'b']);
});

test('a snippet has two passages of a long text, at any position', () => {
  const filling = 'filling '.repeat(600);
  const text = `${filling}İĞNE ${filling}iğne ${filling}`;
  const snippet = snippetOf(text, parseQuery('igne')?.phrases ?? []);
  expect(snippet.filter(({ matched }) => matched)).toEqual([{ text: 'İĞNE', matched: true }]);
  const whole = snippet.map((part) => part.text).join('');
  expect(whole.length).toBeLessThan(400);
  expect(whole).toMatch(/^… (filling )+İĞNE (filling )+ …$/);
});

test('a phrase has at most five words, and a query twenty (H2)', () => {
  const twelve = parseQuery(`"${'a '.repeat(12)}"`);
  expect(twelve?.phrases.map(({ length }) => length)).toEqual([5, 5, 2]);
  expect(twelve?.rank).toBe("'a'");
  const letters = 'a b c d e f g h i j k l m n o p q r s t u v w x y z';
  expect(parseQuery(letters)?.phrases).toHaveLength(20);
  expect(parseQuery('資料'.repeat(50))?.phrases.flat()).toHaveLength(20);
});

/** Texts with many words for their length, or with words that take long to split. */
const LONGEST = [
  ...['\ufdfa', '資', '資a', '資、', '✓', '✓ ', '😀', 'é ', '㈱', 'ﷺ資', 'ﬃ ', '資\u0301', 'й', 'a-', 'ß'],
  '👩\u200d🚀',
].map((piece) => Array.from(piece.repeat(10_000)).slice(0, 10_000).join(''));

test('a text of 10,000 characters has at most 20,000 words with consistent positions (M16)', () => {
  for (const text of LONGEST) {
    const words = foldedWordsOf(text);
    expect(words.length).toBeGreaterThan(0);
    expect(words.length, text.slice(0, 4)).toBeLessThanOrEqual(20_000);
    expect(wordsOf(text).map(({ exact, plain }) => ({ exact, plain }))).toEqual(words);
  }
});

test('PostgreSQL accepts the words of the texts with the most words (M16)', async () => {
  const client = await connected(database);
  for (const text of LONGEST) {
    const vector = taskVector({ title: text.slice(0, 200), description: text });
    const { rows } = await client.query<{ words: number }>('SELECT length($1::tsvector) AS words', [vector]);
    expect(rows[0]?.words).toBeGreaterThan(0);
  }
});

test('work on many long texts does not block other work, and reports its errors (M16)', async () => {
  let turns = 0;
  const done = new AbortController();
  const others = (async () => {
    for (; !done.signal.aborted; turns += 1) await nextTurn();
  })();
  const words = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      paced(() => foldedWordsOf(LONGEST[n % LONGEST.length] ?? '').length),
    ),
  );
  done.abort();
  await others;
  expect(words).toHaveLength(200);
  expect(turns).toBeGreaterThan(5);
  await expect(
    paced(() => {
      throw new RangeError('no text');
    }),
  ).rejects.toThrow('no text');
  expect(await paced(() => 1)).toBe(1);
});
