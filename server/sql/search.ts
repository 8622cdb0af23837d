import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { paced } from '../search/paced.ts';
import { parseQuery, type SearchQuery } from '../search/query.ts';
import { snippetOf, type SnippetPart } from '../search/snippet.ts';
import { orderedTasks, type TotalOrder } from './ordered-tasks.ts';
import { visibleSql } from './visible.ts';

export const SEARCHABLE = ['Task', 'Comment', 'Message'] as const;

export type Searchable = (typeof SEARCHABLE)[number];

export interface Find {
  type: Searchable;
  id: string;
  rank: number;
  snippet: SnippetPart[];
}

/** Maximum results. If the newest objects have this many matches, older ones are not searched. */
export const MOST_FINDS = 50;

export const NEWEST = 2_000;

const MOST_RANKED = 1_000;

const MOST_OLDER = 20_000;

/** Weights D, C, B, A of `search_words`: plain in the text, plain in a title, exact in the text, in a title. */
const WEIGHTS = Prisma.sql`'{0.2, 0.6, 0.4, 1}'::real[]`;

/**
 * Full-text search in visible objects. All words must match; the last may be incomplete. The cost is bounded: frequent
 * words match enough of the newest objects, rare words are found by the index.
 * @param words query as typed; quotes group words.
 */
export async function search(
  db: Database,
  viewer: Viewer,
  words: string,
  types: readonly Searchable[],
  limit: number,
): Promise<Find[]> {
  const query = parseQuery(words);
  if (!query || types.length === 0) return [];
  const found = Prisma.join(
    types.map((type) => ranked(kinds[type], viewer, query)),
    ' UNION ALL ',
  );
  const rows = await db.$queryRaw<(Omit<Find, 'snippet'> & { text: string })[]>`
    /* search */ /* custom plan */
    WITH newest_tasks AS MATERIALIZED (${newestTasks(viewer, NEWEST)}),
         newest_messages AS MATERIALIZED (${newestMessages(viewer)})
    SELECT type, id, rank,
           CASE type
             WHEN 'Task' THEN (SELECT concat_ws(E'\n', title, nullif(description, '')) FROM tasks WHERE tasks.id = best.id)
             WHEN 'Comment' THEN (SELECT body FROM comments WHERE comments.id = best.id)
             ELSE (SELECT content FROM messages WHERE messages.id = best.id)
           END AS text
    FROM (SELECT type, id, rank FROM (${found}) AS found ORDER BY rank DESC, id DESC LIMIT ${limit}) AS best
    ORDER BY rank DESC, id DESC`;
  return Promise.all(
    rows.map(async ({ text, ...row }) => ({
      ...row,
      snippet: await paced(() => snippetOf(text, query.phrases)),
    })),
  );
}

export const NEWEST_LISTED = 10_000;
export const MOST_MATCHES = 1_000;

/** A query for the ids of matching tasks, newest first; null without a word. */
export function tasksWith(viewer: Viewer, words: string): Prisma.Sql | null {
  const condition = parseQuery(words)?.condition;
  if (condition === undefined) return null;
  const newestFirst = Prisma.sql`ORDER BY created_at DESC, id DESC LIMIT ${MOST_MATCHES}`;
  // A CTE keeps its order, and produces only the rows that are read.
  return Prisma.sql`/* custom plan */
    SELECT id FROM (
      WITH newest AS MATERIALIZED (${newestTasks(viewer, NEWEST_LISTED)}), near AS MATERIALIZED (
        SELECT id FROM newest AS tasks WHERE words @@ ${condition}::tsquery AND ${visibleSql.task(viewer)} LIMIT ${MOST_MATCHES}
      ), older AS MATERIALIZED (
        SELECT id, created_at FROM ${visibleSql.tasks(viewer)} AS tasks
        WHERE words @@ ${condition}::tsquery AND ${areFew(Prisma.sql`newest`, NEWEST_LISTED)}
      )
      SELECT id FROM near UNION ALL
      (SELECT id FROM (SELECT * FROM older LIMIT ${MOST_OLDER}) AS taken ${newestFirst})
    ) AS matching`;
}

function areFew(newest: Prisma.Sql, most: number): Prisma.Sql {
  return Prisma.sql`CASE WHEN (SELECT count(DISTINCT id) FROM near) >= ${MOST_FINDS} THEN false
                         ELSE (SELECT count(*) FROM ${newest}) >= ${most} END`;
}

/** The newest tasks of the viewer and their teams, and of those most recently shared with them. The shares may have expired. */
function newestTasks(viewer: Viewer, most: number): Prisma.Sql {
  const columns = Prisma.raw('tasks.id, tasks.created_at, tasks.place_id, tasks.words');
  const order: TotalOrder = {
    criteria: ['createdAt', 'id'].map((field) => ({ field, direction: 'desc' })),
    bounds: [],
    isBackward: false,
  };
  return orderedTasks(viewer, null, { where: {}, order, take: most }, columns);
}

function newestMessages({ ownId }: Viewer): Prisma.Sql {
  return Prisma.sql`
    SELECT newest.id
    FROM (SELECT conversation_id
          FROM conversation_participants JOIN conversations ON conversations.id = conversation_id
          WHERE user_id = ${ownId}::uuid ORDER BY updated_at DESC LIMIT ${NEWEST}) AS latest
    CROSS JOIN LATERAL (SELECT id FROM messages WHERE messages.conversation_id = latest.conversation_id
                        ORDER BY created_at DESC, id DESC LIMIT ${NEWEST}) AS newest
    LIMIT ${NEWEST}`;
}

interface Kind {
  type: Searchable;
  table: Prisma.Sql;
  seen: (viewer: Viewer) => Prisma.Sql;
  seenOfNewest: (viewer: Viewer) => Prisma.Sql;
  newest: Prisma.Sql;
}

const kinds: Record<Searchable, Kind> = {
  Task: {
    type: 'Task',
    table: Prisma.sql`tasks`,
    seen: (viewer) => Prisma.sql`${visibleSql.tasks(viewer)} AS tasks WHERE true`,
    seenOfNewest: (viewer) => Prisma.sql`newest_tasks AS tasks WHERE ${visibleSql.task(viewer)}`,
    newest: Prisma.sql`newest_tasks`,
  },
  Comment: {
    type: 'Comment',
    table: Prisma.sql`comments`,
    seen: (viewer) =>
      Prisma.sql`comments JOIN ${visibleSql.tasks(viewer)} AS tasks ON tasks.id = task_id WHERE true`,
    seenOfNewest: (viewer) =>
      // LATERAL per task; otherwise PostgreSQL reads all comments.
      Prisma.sql`newest_tasks AS tasks CROSS JOIN LATERAL (
                   SELECT id, words FROM comments WHERE task_id = tasks.id OFFSET 0) AS comments
                 WHERE ${visibleSql.task(viewer)}`,
    newest: Prisma.sql`newest_tasks`,
  },
  Message: {
    type: 'Message',
    table: Prisma.sql`messages`,
    seen: (viewer) => Prisma.sql`messages WHERE ${visibleSql.message(viewer)}`,
    seenOfNewest: () => Prisma.sql`messages WHERE id IN (SELECT id FROM newest_messages)`,
    newest: Prisma.sql`newest_messages`,
  },
};

/** MATERIALIZED makes PostgreSQL plan for all older matches, but stop at the limit. */
function ranked(
  { type, table, seen, seenOfNewest, newest }: Kind,
  viewer: Viewer,
  query: SearchQuery,
): Prisma.Sql {
  const rank = Prisma.sql`ts_rank(${WEIGHTS}, ${table}.words, ${query.rank}::tsquery) AS rank`;
  const condition = Prisma.sql`${query.condition}::tsquery`;
  return Prisma.sql`
    (WITH near AS MATERIALIZED (
       -- coalesce() prevents an index scan over a frequent word's entries.
       SELECT DISTINCT ${table}.id, ${rank} FROM ${seenOfNewest(viewer)} AND coalesce(${table}.words, '') @@ ${condition}
     ), older AS MATERIALIZED (
       SELECT ${table}.id FROM ${seen(viewer)}
       AND ${table}.words @@ ${condition} AND ${areFew(newest, NEWEST)}
     ), newest_older AS (
       SELECT id FROM (SELECT id FROM older LIMIT ${MOST_OLDER}) AS taken ORDER BY id DESC LIMIT ${MOST_RANKED}
     )
     SELECT ${type} AS type, id, rank
     FROM (TABLE near UNION SELECT id, ${rank} FROM newest_older JOIN ${table} USING (id)) AS found)`;
}
