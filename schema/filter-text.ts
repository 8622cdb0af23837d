import { coerceInputValue, isInputObjectType, type GraphQLSchema } from 'graphql';
import { dayIn } from '../server/filter-text/days.ts';
import {
  LONGEST_FILTER,
  type ErrorCode,
  type FilterError,
  type Node,
} from '../server/filter-text/grammar.ts';
import { parseFilter } from '../server/filter-text/parse.ts';
import { printFilter } from '../server/filter-text/print.ts';
import { namesIn, toFilter, type FilterJson, type Meaning } from '../server/filter-text/to-filter.ts';
import type { Context } from '../server/graphql/context.ts';
import { ValidationFailed } from '../server/errors.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { matchingTasks, type TaskFilter } from './task-filter.ts';

export const FILTER_TEXT = `Conditions as text, such as \`due:<today -label:waiting (assignee:me or team:web) text:"invoice"\`. Conditions next to each other must all match; \`or\`, \`-\` (not) and parentheses combine them. At most ${LONGEST_FILTER.toLocaleString('en')} characters. Days are in the viewer’s time zone. See docs/filters.md.`;

type Reader = Pick<Context, 'db' | 'viewer'>;

interface ReadText {
  node: Node | null;
  filter: FilterJson;
  errors: readonly FilterError[];
}

/** The filter of a text, as its viewer reads it now. */
export async function readText(reader: Reader, text: string): Promise<ReadText> {
  const { node, errors } = parseFilter(text);
  if (errors.length > 0) return { node, filter: {}, errors };
  return { node, ...toFilter(node, await meaningOf(reader, [node])) };
}

/** The filters of several texts, with as many statements as for one, and the viewer’s day. */
export async function readTexts(
  reader: Reader,
  texts: readonly string[],
): Promise<{ today: string; filters: ReadonlyMap<string, ReadText> }> {
  const parsed = new Map(texts.map((text) => [text, parseFilter(text)]));
  const readable = Array.from(parsed.values()).filter(({ errors }) => errors.length === 0);
  const meaning = await meaningOf(
    reader,
    readable.map(({ node }) => node),
    true,
  );
  const filters = Array.from(parsed, ([text, { node, errors }]): [string, ReadText] => [
    text,
    errors.length > 0 ? { node, filter: {}, errors } : { node, ...toFilter(node, meaning) },
  ]);
  return { today: meaning.today, filters: new Map(filters) };
}

/** Reads only what the texts need. */
async function meaningOf(
  { db, viewer }: Reader,
  nodes: readonly (Node | null)[],
  needsDay = false,
): Promise<Meaning> {
  const names = nodes.map(namesIn);
  const emails = new Set(names.flatMap((each) => [...each.emails]));
  const slugs = new Set(names.flatMap((each) => [...each.slugs]));
  const hasDays = needsDay || names.some((each) => each.hasDays);
  const [here, people, teams] = await Promise.all([
    hasDays ? db.user.findUnique({ where: { id: viewer.actorId }, select: { timezone: true } }) : null,
    emails.size === 0
      ? []
      : db.user.findMany({
          where: { email: { in: [...emails] }, AND: visible.email(viewer) },
          select: { id: true, email: true },
        }),
    slugs.size === 0
      ? []
      : db.team.findMany({
          where: { slug: { in: [...slugs] }, AND: visible.team(viewer) },
          select: { id: true, slug: true },
        }),
  ]);
  const timezone = here?.timezone ?? 'UTC';
  return {
    viewerId: publicId('User', viewer.actorId),
    today: dayIn(timezone, new Date()),
    timezone,
    people: new Map(people.map(({ id, email }) => [email.toLowerCase(), publicId('User', id)])),
    teams: new Map(teams.map(({ id, slug }) => [slug, publicId('Team', id)])),
  };
}

/** Without a text, or with an empty one, the filter has no conditions. @throws ValidationFailed for an invalid text. */
export async function readFilterText(
  reader: Reader,
  schema: GraphQLSchema,
  text: string | null | undefined,
  field = 'filterText',
): Promise<TaskFilter> {
  if (text == null) return {};
  const { filter, errors } = await readText(reader, text);
  const [error] = errors;
  if (error) {
    const { message, offset, length } = error;
    throw new ValidationFailed(message, { field, offset, length });
  }
  return inputOf(schema, filter);
}

/** The input that a client would send as this JSON. */
export function inputOf(schema: GraphQLSchema, filter: FilterJson): TaskFilter {
  const type = schema.getType('TaskFilter');
  if (!isInputObjectType(type)) throw new TypeError('TaskFilter is an input type');
  return coerceInputValue(filter, type) as TaskFilter;
}

const FilterTextErrorCode = builder.enumType('FilterTextErrorCode', {
  description: 'What is wrong in the text of a filter.',
  values: {
    TOO_LONG: { description: 'The text is too long.' },
    INVALID_CHARACTER: { description: 'A character cannot be stored.' },
    EXPECTED_CONDITION: { description: 'A condition is missing.' },
    NOT_A_CONDITION: { description: 'A word has no key.' },
    UNKNOWN_KEY: { description: 'No key has this name.' },
    UNEXPECTED_OPERATOR: { description: 'The key does not take this operator.' },
    EXPECTED_VALUE: { description: 'A value is missing.' },
    INVALID_VALUE: { description: 'The key does not take this value.' },
    TOO_MANY_VALUES: { description: 'The condition has too many values.' },
    UNCLOSED_QUOTE: { description: 'A quote is not closed.' },
    UNCLOSED_PARENTHESIS: { description: 'A parenthesis is not closed.' },
    UNEXPECTED_PARENTHESIS: { description: 'A parenthesis was not opened.' },
    TOO_MANY_CONDITIONS: { description: 'There are too many conditions.' },
    TOO_DEEP: { description: 'The conditions are nested too deeply.' },
    UNKNOWN_PERSON: { description: 'No member of the viewer’s teams has this address.' },
    UNKNOWN_TEAM: { description: 'The viewer is not in a team with this slug.' },
  } satisfies Record<ErrorCode, object>,
});

export const FilterTextError = builder.objectRef<FilterError>('FilterTextError').implement({
  description: 'An error in the text of a filter.',
  fields: (t) => ({
    code: t.field({
      type: FilterTextErrorCode,
      description: 'What is wrong.',
      resolve: ({ code }) => code,
    }),
    message: t.exposeString('message', { description: 'What was expected.' }),
    offset: t.exposeInt('offset', { description: 'Where the wrong part starts, in UTF-16 code units.' }),
    length: t.exposeInt('length', { description: 'Its length. 0 where something is missing.' }),
  }),
});

const ParsedTaskFilter = builder.objectRef<ReadText>('ParsedTaskFilter').implement({
  description: 'A filter that was given as text.',
  fields: (t) => ({
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The `TaskFilter`, with ids for names, and dates for relative days as of now. Null if there are errors.',
      resolve: ({ filter, errors }) => (errors.length > 0 ? null : filter),
    }),
    text: t.string({
      nullable: true,
      description: 'The text in canonical spelling. Null if there are errors.',
      resolve: ({ node, errors }) => (errors.length > 0 ? null : printFilter(node)),
    }),
    errors: t.field({
      type: [FilterTextError],
      description: 'Errors by place, at most ten. Empty for a valid text.',
      resolve: ({ errors }) => [...errors],
    }),
  }),
});

builder.queryField('parseTaskFilter', (t) =>
  t.field({
    type: ParsedTaskFilter,
    description:
      'Reads the text of a filter without applying it. Names are looked up, and reported if unknown.',
    args: { text: t.arg.string({ required: true, description: FILTER_TEXT }) },
    resolve: async (_root, { text }, context, { schema }) => {
      const parsed = await readText(context, text);
      if (parsed.errors.length === 0) matchingTasks(context.viewer, inputOf(schema, parsed.filter));
      return parsed;
    },
  }),
);
