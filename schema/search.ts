import { z } from 'zod';
import { parse, text } from '../server/domain/validation.ts';
import { paced } from '../server/search/paced.ts';
import { MOST_WORDS, parseQuery } from '../server/search/query.ts';
import {
  highlightsOf,
  type Highlights as HighlightParts,
  type SnippetPart,
} from '../server/search/snippet.ts';
import { MOST_FINDS, search, SEARCHABLE, type Find } from '../server/sql/search.ts';
import { builder } from './machinery/builder.ts';
import { Comment } from './comment.ts';
import { Message } from './message.ts';
import { findVisible } from './machinery/nodes.ts';
import { Task } from './task.ts';

const SearchType = builder.enumType('SearchType', {
  description: 'Types of objects to search.',
  values: {
    TASK: {
      value: 'Task',
      description: 'Tasks, by title and description. Matches in the title rank higher.',
    },
    COMMENT: { value: 'Comment', description: 'Comments, by text.' },
    MESSAGE: { value: 'Message', description: 'Messages, by text.' },
  } as const,
});

const Snippet = builder.objectRef<SnippetPart>('SnippetPart').implement({
  description:
    'Part of a snippet. The parts in order form the snippet. Display it as plain text, never as HTML.',
  fields: (t) => ({
    text: t.exposeString('text', {
      description: 'Original text, including any HTML tags.',
    }),
    matched: t.exposeBoolean('matched', { description: 'Whether this part matches the query.' }),
  }),
});

const SearchNode = builder.unionType('SearchNode', {
  description: 'A searchable object.',
  types: [Task, Comment, Message],
});

const SearchResult = builder.objectRef<Omit<Find, 'type'> & { node: object }>('SearchResult').implement({
  description: 'An object that matches a search.',
  fields: (t) => ({
    node: t.field({
      type: SearchNode as never,
      description: 'The object found.',
      resolve: ({ node }) => node as never,
    }),
    snippet: t.field({
      type: [Snippet],
      description: 'At most two passages around the matching words. “…” marks omitted text.',
      resolve: ({ snippet }) => snippet,
    }),
    rank: t.exposeFloat('rank', {
      description: 'Relevance; higher is better. Comparable only within one search.',
    }),
  }),
});

const Highlights = builder.objectRef<HighlightParts>('TaskHighlights').implement({
  description: 'Passages of a task that match a query.',
  fields: (t) => ({
    title: t.field({ type: [Snippet], description: 'The whole title.', resolve: ({ title }) => title }),
    description: t.field({
      type: [Snippet],
      description:
        'At most two passages of the description, around words that the title does not contain. Empty if there are none.',
      resolve: ({ description }) => description,
    }),
  }),
});

const queried = z.object({ query: text('The query', { min: 0, max: 200 }) });

builder.prismaObjectField(Task, 'highlights', (t) =>
  t.field({
    type: Highlights,
    nullable: true,
    description: 'Passages that match a query. Null if the query contains no word.',
    args: {
      query: t.arg.string({ required: true, description: 'A query in the syntax of `search`.' }),
    },
    select: { title: true, description: true },
    resolve: (task, args) => {
      const words = parseQuery(parse(queried, args).query);
      return words && paced(() => highlightsOf(task, words));
    },
  }),
);

const terms = queried.extend({
  types: z.array(z.enum(SEARCHABLE)).nullish(),
  first: z
    .int()
    .min(0, '`first` must not be negative.')
    .max(MOST_FINDS, `\`first\` must be at most ${MOST_FINDS}.`),
});

builder.queryField('search', (t) =>
  t.field({
    type: [SearchResult],
    description:
      'Full-text search in tasks, comments and messages visible to the viewer. Results contain all words of the query, best match first. The last word may be incomplete. Words in quotes, and words joined without spaces such as `report.pdf`, must be adjacent. Case and accents are ignored; exact matches rank higher. Chinese, Japanese, Korean and Thai text is found by any part of it. For each type, the search starts with the newest visible objects: 2,000 tasks, the comments on them, and 2,000 messages of the most recently active conversations. Older objects are searched only if fewer than 50 of these match; the newest 1,000 matches are then ranked.',
    args: {
      query: t.arg.string({
        required: true,
        description: `At most 200 characters and ${MOST_WORDS} words; further words are ignored. A query without a word finds nothing.`,
      }),
      types: t.arg({ type: [SearchType], description: 'Types to search. Default: all.' }),
      first: t.arg.int({
        required: true,
        defaultValue: 20,
        description: `Number of results, at most ${MOST_FINDS}.`,
      }),
    },
    resolve: async (_root, args, context, info) => {
      const { query, types, first } = parse(terms, args);
      const { db, viewer } = context;
      const found = await search(db, viewer, query, [...new Set(types ?? SEARCHABLE)], first);
      const byType = Map.groupBy(found, ({ type }) => type);
      const nodes = await Promise.all(
        [...byType].map(([type, finds]) => {
          const ids = finds.map(({ id }) => id);
          return findVisible(type, ids, context, info, { path: ['node'] });
        }),
      );
      return found.flatMap((find) => {
        const node = nodes.find((rows) => rows.has(find.id))?.get(find.id);
        return node ? [{ ...find, node }] : [];
      });
    },
  }),
);
