import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { visibleSql } from './visible.ts';

export const SEARCHABLE = ['Task', 'Comment', 'Message'] as const;

export type Searchable = (typeof SEARCHABLE)[number];

/** Some text of a find; whether it is what was looked for. */
export interface SnippetPart {
  text: string;
  matched: boolean;
}

export interface Find {
  type: Searchable;
  id: string;
  /** The higher, the better it fits; for comparison within one search. */
  rank: number;
  snippet: SnippetPart[];
}

/** What a word that half the workspace uses may cost: of its newest finds, this many are ranked. */
const MOST_RANKED = 1_000;

/** Private-use characters that no text can smuggle in, since they are taken out of it first. */
const MATCH_BEGINS = '\ue000';
const MATCH_ENDS = '\ue001';

/**
 * Full-text search over what the viewer may see: all words must be there, the last one may go on.
 * @param words as people type them; quotes keep words together.
 */
export async function search(
  db: Database,
  viewer: Viewer,
  words: string,
  types: readonly Searchable[],
  limit: number,
): Promise<Find[]> {
  const query = await queryOf(db, words);
  if (query === '' || types.length === 0) return [];
  const found = Prisma.join(
    types.map((type) => finds[type](viewer, query)),
    ' UNION ALL ',
  );
  const rows = await db.$queryRaw<(Omit<Find, 'snippet'> & { snippet: string })[]>`
    /* search */ /* planned anew */
    SELECT type, id, rank,
           ts_headline('simple', translate(body, ${MATCH_BEGINS + MATCH_ENDS}, ''), ${query}::tsquery,
             ${`StartSel=${MATCH_BEGINS}, StopSel=${MATCH_ENDS}, MaxFragments=2, MaxWords=24, MinWords=8`}) AS snippet
    FROM (SELECT type, id, rank, body FROM (${found}) AS found ORDER BY rank DESC, id DESC LIMIT ${limit}) AS best
    ORDER BY rank DESC, id DESC`;
  return rows.map((row) => ({ ...row, snippet: partsOf(row.snippet) }));
}

/**
 * The words as PostgreSQL's own parser understands them, so that nothing typed can be an error. The last one may
 * go on, for it may not be finished. Parentheses at the end can only stand around words that belong together.
 */
async function queryOf(db: Database, words: string): Promise<string> {
  const [row] = await db.$queryRaw<[{ query: string }]>`
    /* queryOf */
    SELECT CASE WHEN query LIKE '%''' THEN query || ':*' ELSE query END AS query
    FROM (SELECT websearch_to_tsquery('simple', ${plain(words)})::text AS query) AS parsed`;
  return row.query;
}

/** Without the signs by which words would be left out, and with compounds as their words, so that half of one finds it. */
function plain(words: string): string {
  return words.replaceAll(/(^|[\s"])-+/gu, '$1').replaceAll(/(?<=\p{L})-(?=\p{L}|$)/gu, ' ');
}

/** Each finds the ids first, by the index: in the order of ids PostgreSQL might rather walk through the whole table. */
const finds: Record<Searchable, (viewer: Viewer, query: string) => Prisma.Sql> = {
  Task: (viewer, query) => Prisma.sql`
    (WITH hits AS MATERIALIZED (
       SELECT id FROM tasks
       WHERE (setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'B'))
             @@ ${query}::tsquery AND ${visibleSql.task(viewer)}
     ), newest AS (SELECT id FROM hits ORDER BY id DESC LIMIT ${MOST_RANKED})
     SELECT 'Task' AS type, id, title || E'\n' || description AS body,
            ts_rank(setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'B'),
              ${query}::tsquery) AS rank
     FROM newest JOIN tasks USING (id))`,

  Comment: (viewer, query) => Prisma.sql`
    (WITH hits AS MATERIALIZED (
       SELECT comments.id FROM comments JOIN tasks ON tasks.id = task_id
       WHERE to_tsvector('simple', body) @@ ${query}::tsquery AND ${visibleSql.task(viewer)}
     ), newest AS (SELECT id FROM hits ORDER BY id DESC LIMIT ${MOST_RANKED})
     SELECT 'Comment' AS type, id, body, ts_rank(to_tsvector('simple', body), ${query}::tsquery) AS rank
     FROM newest JOIN comments USING (id))`,

  Message: (viewer, query) => Prisma.sql`
    (WITH hits AS MATERIALIZED (
       SELECT id FROM messages
       WHERE to_tsvector('simple', content) @@ ${query}::tsquery AND ${visibleSql.message(viewer)}
     ), newest AS (SELECT id FROM hits ORDER BY id DESC LIMIT ${MOST_RANKED})
     SELECT 'Message' AS type, id, content AS body, ts_rank(to_tsvector('simple', content), ${query}::tsquery) AS rank
     FROM newest JOIN messages USING (id))`,
};

function partsOf(headline: string): SnippetPart[] {
  return headline
    .split(MATCH_BEGINS)
    .flatMap((piece, i) => {
      const [match = '', rest = ''] = i === 0 ? ['', piece] : piece.split(MATCH_ENDS);
      return [
        { text: match, matched: true },
        { text: rest, matched: false },
      ];
    })
    .filter(({ text }) => text !== '');
}
