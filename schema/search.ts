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
  description: 'What can be searched.',
  values: {
    TASK: { value: 'Task', description: 'Tasks by title and description; the title weighs more.' },
    COMMENT: { value: 'Comment', description: 'Comments by their words.' },
    MESSAGE: { value: 'Message', description: 'Messages of conversations by their words.' },
  } as const,
});

const Snippet = builder.objectRef<SnippetPart>('SnippetPart').implement({
  description:
    'A part of a snippet. All parts in order are the snippet. Show it as plain text, never as HTML.',
  fields: (t) => ({
    text: t.exposeString('text', {
      description: 'As it was written, HTML tags included.',
    }),
    matched: t.exposeBoolean('matched', { description: 'Whether it matched the query.' }),
  }),
});

const SearchNode = builder.unionType('SearchNode', {
  description: 'Something that a search can find.',
  types: [Task, Comment, Message],
});

const SearchResult = builder.objectRef<Omit<Find, 'type'> & { node: object }>('SearchResult').implement({
  description: 'A find of a search.',
  fields: (t) => ({
    node: t.field({
      type: SearchNode as never,
      description: 'What was found.',
      resolve: ({ node }) => node as never,
    }),
    snippet: t.field({
      type: [Snippet],
      description:
        'At most two passages around the words that matched, as they were written. “…” stands for what is left out.',
      resolve: ({ snippet }) => snippet,
    }),
    rank: t.exposeFloat('rank', {
      description: 'The higher, the better it fits; for comparison within one search only.',
    }),
  }),
});

const Highlights = builder.objectRef<HighlightParts>('TaskHighlights').implement({
  description: 'Where a task has the words of a query.',
  fields: (t) => ({
    title: t.field({ type: [Snippet], description: 'The title as a whole.', resolve: ({ title }) => title }),
    description: t.field({
      type: [Snippet],
      description:
        'At most two passages of the description, around the words that the title does not have; empty where there are none.',
      resolve: ({ description }) => description,
    }),
  }),
});

const queried = z.object({ query: text('The query', { min: 0, max: 200 }) });

builder.prismaObjectField(Task, 'highlights', (t) =>
  t.field({
    type: Highlights,
    nullable: true,
    description: 'Where it has the words of a query; null where the query has no word.',
    args: {
      query: t.arg.string({ required: true, description: 'Like the query of `search`.' }),
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
    .min(0, 'A search gives 0 results or more.')
    .max(MOST_FINDS, `A search gives at most ${MOST_FINDS} results.`),
});

builder.queryField('search', (t) =>
  t.field({
    type: [SearchResult],
    description:
      'Tasks, comments and messages that the viewer may see and that contain all words of the query, best match first. The last word may be unfinished. Words in quotes, and words without a space between them such as `report.pdf`, must stand together. Case and accents do not matter; an exact match ranks higher. Chinese, Japanese, Korean and Thai text is found by any part of it. Of each type the newest that the viewer sees are looked through first (2,000 tasks, the comments on these, 2,000 messages of the latest active conversations): where 50 of them fit, nothing older is found. Of what fits among older ones, the newest 1,000 are weighed.',
    args: {
      query: t.arg.string({
        required: true,
        description: `At most 200 characters and ${MOST_WORDS} words; further words are ignored. Without a word nothing is found.`,
      }),
      types: t.arg({ type: [SearchType], description: 'Only these; everything when left out.' }),
      first: t.arg.int({ required: true, defaultValue: 20, description: `At most ${MOST_FINDS}.` }),
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
