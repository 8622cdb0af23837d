import { z } from 'zod';
import { LONGEST_FILTER } from '../filter-text/grammar.ts';
import { parseFilter } from '../filter-text/parse.ts';
import { printFilter } from '../filter-text/print.ts';
import { newId } from '../ids.ts';
import { DIMENSIONS, KINDS, MEASURES, planOf } from '../measures/widget.ts';
import { MOST_DAYS } from '../sql/local-days.ts';
import { idOf, line } from './validation.ts';

export const MOST_WIDGETS = 24;
/** Of the page. */
const COLUMNS = 12;
const MOST_ROWS = 6;
/** A goal; no count exceeds it. */
const LARGEST_GOAL = 1_000_000_000;

export const SCOPES = ['OWN', 'ASSIGNED', 'OWN_OR_ASSIGNED', 'TEAM'] as const;

const between = (what: string, least: number, most: number) => {
  const rule = `${what} must be between ${least} and ${most.toLocaleString('en')}.`;
  return z.number().int(rule).min(least, rule).max(most, rule);
};

function withDefault<Schema extends z.ZodType, Value>(schema: Schema, value: Value) {
  return schema.nullish().transform((given) => given ?? value);
}

const filterText = z.string().transform((given, issue) => {
  const { node, errors } = parseFilter(given);
  if (errors[0]) issue.addIssue({ code: 'custom', message: errors[0].message });
  const text = printFilter(node);
  return text.length > LONGEST_FILTER ? given : text;
});

/** A widget as it is stored, with all its fields. */
export const widget = z
  .object({
    key: z
      .string()
      .regex(/^[\w-]{1,40}$/, '`key` must have 1 to 40 letters, digits, “-” or “_”.')
      .nullish()
      .transform((value) => value ?? newId()),
    title: withDefault(line('The title', { min: 1, max: 100 }), null),
    kind: z.enum(KINDS),
    measure: z.enum(MEASURES),
    by: withDefault(z.enum(DIMENSIONS), null),
    split: withDefault(z.enum(DIMENSIONS), null),
    days: withDefault(between('`days`', 1, MOST_DAYS), 30),
    scope: withDefault(z.enum(SCOPES), null),
    teamId: withDefault(idOf('Team'), null),
    filterText: withDefault(filterText, null),
    goal: withDefault(between('`goal`', 1, LARGEST_GOAL), null),
    width: withDefault(between('`width`', 2, COLUMNS), 4),
    height: withDefault(between('`height`', 1, MOST_ROWS), 2),
    phoneOrder: withDefault(between('`phoneOrder`', 0, MOST_WIDGETS - 1), null),
  })
  .transform((given) => {
    const scope = given.scope ?? (given.filterText === null ? (given.teamId ? 'TEAM' : 'OWN') : null);
    return { ...given, scope };
  })
  .superRefine((given, issue) => {
    const misfit = misfitOf(given);
    if (misfit) issue.addIssue({ code: 'custom', ...misfit });
  });

export type Widget = z.output<typeof widget>;

function misfitOf(given: Widget): { message: string; path: string[] } | null {
  const { kind, measure, by, split, days, scope, teamId, goal } = given;
  if (scope !== null && given.filterText !== null)
    return { message: 'Specify either `scope` or `filterText`, not both.', path: ['filterText'] };
  if ((scope === 'TEAM') !== (teamId !== null))
    return { message: '`teamId` names the team of the scope TEAM, and of no other.', path: ['teamId'] };
  if (goal !== null && kind !== 'NUMBER')
    return { message: 'Only a number can have a goal.', path: ['goal'] };
  const anyScope = { teamId: null, by: 'owner' } as const;
  const { refusal } = planOf({ kind, measure, by, split, days, scope: scope === null ? null : anyScope });
  return refusal === undefined ? null : { message: refusal, path: ['kind'] };
}
