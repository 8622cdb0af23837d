import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysOf, startOfDay } from '../../../server/filter-text/days.ts';
import { completionsAt, wordAt } from '../../../server/filter-text/complete.ts';
import { ofFilter } from '../../../server/filter-text/of-filter.ts';
import { parseFilter } from '../../../server/filter-text/parse.ts';
import { printFilter } from '../../../server/filter-text/print.ts';
import { toFilter, type Meaning } from '../../../server/filter-text/to-filter.ts';

const ADA = 'user_01jdq0000000000000000000ad';
const TEAM = 'team_01jdq0000000000000000000te';

const meaning: Meaning = {
  viewerId: ADA,
  today: '2026-11-30',
  timezone: 'Europe/Berlin',
  people: new Map([['bob@example.com', 'user_01jdq0000000000000000000bb']]),
  teams: new Map([['web', TEAM]]),
};

function read(text: string) {
  const { node, errors } = parseFilter(text);
  if (errors.length > 0) return { filter: null, text: null, errors };
  const { filter, errors: others } = toFilter(node, meaning);
  return { filter: others.length > 0 ? null : filter, text: printFilter(node), errors: others };
}

const open = { status: { in: ['TODO', 'IN_PROGRESS'] } };

describe('a filter as text', () => {
  test.each([
    ['', {}],
    ['status:todo', { status: { eq: 'TODO' } }],
    ['status:todo,doing', open],
    ['STATUS:Todo AND -priority:none', { status: { eq: 'TODO' }, priority: { notIn: ['NONE'] } }],
    ['priority:>=high', { priority: { in: ['HIGH', 'URGENT'] } }],
    ['priority:<low', { priority: { eq: 'NONE' } }],
    [
      'due:<today -label:waiting (assignee:me or team:web) text:"invoice"',
      {
        dueOn: { before: '2026-11-30' },
        not: { labels: { has: 'waiting' } },
        or: [{ assignee: { eq: ADA } }, { team: { eq: TEAM } }],
        text: 'invoice',
      },
    ],
    ['is:overdue', { ...open, dueOn: { before: '2026-11-30' } }],
    ['is:mine -is:shared is:archived', { ownedOrAssigned: true, sharedWithViewer: false, archived: true }],
    [
      'no:due has:assignee no:label',
      { dueOn: { isNull: true }, assignee: { isNull: false }, labels: { isEmpty: true } },
    ],
    ['due:+7d', { dueOn: { eq: '2026-12-07' } }],
    ['due:-3d,tomorrow', { dueOn: { in: ['2026-11-27', '2026-12-01'] } }],
    ['due:next week', { dueOn: { after: '2026-12-06', before: '2026-12-14' } }],
    ['due:"last month"', { dueOn: { after: '2026-09-30', before: '2026-11-01' } }],
    ['due:<=this-week', { dueOn: { before: '2026-12-07' } }],
    ['due:>=2026-12-01 due:<2026-12-24', { dueOn: { after: '2026-11-30', before: '2026-12-24' } }],
    ['due:<=9999-12-31', { dueOn: { isNull: false } }],
    ['label:a label:"b c"', { labels: { has: 'a', hasEvery: ['b c'] } }],
    ['label:a,b', { labels: { hasSome: ['a', 'b'] } }],
    ['assignee:Bob@Example.com', { assignee: { eq: 'user_01jdq0000000000000000000bb' } }],
    ['title:"say \\"hi\\""', { title: { contains: 'say "hi"' } }],
    ['title:="Tea"', { title: { eq: 'Tea' } }],
    [
      'created:today',
      { createdAt: { after: '2026-11-29T22:59:59.999Z', before: '2026-11-30T23:00:00.000Z' } },
    ],
    ['completed:>=2026-11-30T12:00:00+01:00', { completedAt: { after: '2026-11-30T10:59:59.999Z' } }],
    ['status:todo status:done', { status: { eq: 'TODO', in: ['DONE'] } }],
    ['text:a text:b', { text: 'a', and: [{ text: 'b' }] }],
    ['not (is:open or label:x)', { not: { or: [open, { labels: { has: 'x' } }] } }],
    ['-is:any', { or: [] }],
  ])('%s', (text, filter) => {
    const { filter: found, errors } = read(text);
    expect(errors).toEqual([]);
    expect(found).toEqual(filter);
  });

  test.each([
    ['foo', 'NOT_A_CONDITION', 0, 3],
    ['is:open foo', 'NOT_A_CONDITION', 8, 3],
    ['is:open "a b"', 'NOT_A_CONDITION', 8, 5],
    ['stauts:todo', 'UNKNOWN_KEY', 0, 6],
    ['status:', 'EXPECTED_VALUE', 7, 0],
    ['status: todo', 'EXPECTED_VALUE', 7, 1],
    ['status:todo,', 'EXPECTED_VALUE', 12, 0],
    ['status:open', 'INVALID_VALUE', 7, 4],
    ['status:todo,"x y"', 'INVALID_VALUE', 12, 5],
    ['status:>todo', 'UNEXPECTED_OPERATOR', 7, 1],
    ['due:2026-02-30', 'INVALID_VALUE', 4, 10],
    ['due:soon', 'INVALID_VALUE', 4, 4],
    ['created:2026-01-01T00:00Z', 'INVALID_VALUE', 8, 17],
    ['assignee:bob', 'INVALID_VALUE', 9, 3],
    ['id:task_1', 'INVALID_VALUE', 3, 6],
    ['due:<today,tomorrow', 'TOO_MANY_VALUES', 11, 8],
    [`label:${Array(101).fill('a').join(',')}`, 'TOO_MANY_VALUES', 206, 1],
    ['text:"foo', 'UNCLOSED_QUOTE', 5, 4],
    ['is:open (is:mine', 'UNCLOSED_PARENTHESIS', 8, 1],
    ['is:open)', 'UNEXPECTED_PARENTHESIS', 7, 1],
    ['is:open ()', 'EXPECTED_CONDITION', 9, 1],
    ['is:open or', 'EXPECTED_CONDITION', 10, 0],
    ['is:open or ', 'EXPECTED_CONDITION', 11, 0],
    ['- is:open', 'EXPECTED_CONDITION', 1, 1],
    ['text:a\0b', 'INVALID_CHARACTER', 6, 1],
    ['text:\ud83e', 'INVALID_CHARACTER', 5, 1],
    [`text:"${'x'.repeat(201)}"`, 'INVALID_VALUE', 5, 203],
    [`text:${'x'.repeat(1000)}`, 'TOO_LONG', 1000, 5],
    ['is:open team:wob', 'UNKNOWN_TEAM', 13, 3],
    ['assignee:me,eve@example.com', 'UNKNOWN_PERSON', 12, 15],
    [Array(51).fill('no:due').join(' or '), 'TOO_MANY_CONDITIONS', 0, 506],
  ] as const)('%s is refused where it is wrong', (text, code, offset, length) => {
    const [error] = read(text).errors;
    expect(error).toMatchObject({ code, offset, length });
    expect(error?.message).toMatch(/^[A-Z“].*[.]$/u);
  });

  test('reports several wrong words, and at most ten', () => {
    expect(read('status:x is:y priority:z').errors.map(({ offset }) => offset)).toEqual([7, 12, 23]);
    expect(read('is:x '.repeat(100)).errors).toHaveLength(10);
  });

  test('reports the smallest part that is too deep', () => {
    const deep = (levels: number): string => (levels === 0 ? 'is:open' : `-(is:mine ${deep(levels - 1)})`);
    expect(read(deep(5)).errors).toEqual([]);
    const text = `no:due ${deep(8)}`;
    const [error] = read(text).errors;
    expect(error).toMatchObject({ code: 'TOO_DEEP' });
    expect(error?.offset).toBeGreaterThan(7);
    expect(text.slice(error?.offset, (error?.offset ?? 0) + (error?.length ?? 0))).toBe(deep(6));
  });

  const words = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constantFrom('and', 'or', '-', '"', '\\', 'a b', 'ä,b', ':', '('),
  );
  const text = words.map((word) => word.replaceAll(/\0/g, '').replaceAll(/\p{Surrogate}/gu, ''));
  const day = fc.constantFrom('0001-01-01', '2026-11-30', '9999-12-31');
  const time = fc.constantFrom(
    '0001-01-01T00:00:00.000Z',
    '2026-11-30T23:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
  );
  const some = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { maxLength: 3 });
  const operators = <Value>(value: fc.Arbitrary<Value>) =>
    ({ eq: value, in: some(value), notIn: some(value) }) as const;
  const conditions = (of: Record<string, fc.Arbitrary<unknown>>) => fc.record(of, { requiredKeys: [] });
  const id = (prefix: string) =>
    fc.constantFrom(`${prefix}_01jdq0000000000000000000aa`, `${prefix}_01jdq0000000000000000000bb`);
  const reference = (prefix: string) => conditions({ ...operators(id(prefix)), isNull: fc.boolean() });
  const moments = conditions({ before: time, after: time, isNull: fc.boolean() });
  const fields = {
    id: reference('task'),
    title: conditions({ ...operators(text), contains: text }),
    status: conditions(operators(fc.constantFrom('TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'))),
    priority: conditions(operators(fc.constantFrom('NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'))),
    dueOn: conditions({ ...operators(day), before: day, after: day, isNull: fc.boolean() }),
    labels: conditions({ has: text, hasSome: some(text), hasEvery: some(text), isEmpty: fc.boolean() }),
    owner: reference('user'),
    assignee: reference('user'),
    ownedOrAssigned: fc.boolean(),
    team: reference('team'),
    parent: reference('task'),
    createdAt: moments,
    updatedAt: moments,
    completedAt: moments,
    archived: fc.boolean(),
    text: text.filter((word) => word !== ''),
    sharedWithViewer: fc.boolean(),
  };
  const filters = fc.letrec<{ filter: object }>((tie) => ({
    filter: fc.record(
      {
        ...Object.fromEntries(
          Object.entries<fc.Arbitrary<unknown>>(fields).map(([field, value]) => [
            field,
            fc.option(value, { freq: 1 }),
          ]),
        ),
        and: fc.option(fc.array(tie('filter'), { maxLength: 2 }), { depthIdentifier: 'x', maxDepth: 2 }),
        or: fc.option(fc.array(tie('filter'), { maxLength: 2 }), { depthIdentifier: 'x', maxDepth: 2 }),
        not: fc.option(tie('filter'), { depthIdentifier: 'x', maxDepth: 2 }),
      },
      { requiredKeys: [] },
    ),
  })).filter;

  test('every filter has a text that is valid and canonical', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const node = ofFilter(filter as never);
        const written = printFilter(node);
        fc.pre(written.length <= 1_000);
        const again = read(written);
        expect(again.errors).toEqual([]);
        expect(again.text).toBe(written);
        const { filter: found } = again;
        expect(read(printFilter(ofFilter(found ?? {}))).errors).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('reads any text without failing, and says where it is wrong', () => {
    const part = fc.constantFrom(
      'is:',
      'open',
      ':',
      '(',
      ')',
      '"',
      '-',
      'or',
      'and',
      'not',
      ' ',
      ',',
      '\\',
      'due:',
      '<',
      '=',
      'next week',
      'label:',
      'é',
      '🧵',
      '\u2028',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
        ),
        (given) => {
          const { errors, text: canonical } = read(given);
          for (const { offset, length } of errors) {
            expect(offset).toBeGreaterThanOrEqual(0);
            expect(offset + length).toBeLessThanOrEqual(given.length);
          }
          if (canonical !== null) expect(read(canonical).text).toBe(canonical);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['parentheses', '('.repeat(1_000)],
    ['minus signs', '-'.repeat(1_000)],
    ['closed parentheses', `${'('.repeat(490)}is:open${')'.repeat(490)}`],
    ['commas', `label:${'a,'.repeat(497)}`],
    ['backslashes', `text:"${'\\'.repeat(990)}`],
    ['a hundred thousand characters', 'is:open '.repeat(12_500)],
    ['nested groups', `${'(is:open or '.repeat(75)}is:open${')'.repeat(75)}`],
  ])('is fast for %s', (_what, hostile) => {
    const start = performance.now();
    for (let round = 0; round < 5; round++) read(hostile);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('relative days', () => {
  test.each([
    ['today', '2026-01-31', '2026-01-31', '2026-01-31'],
    ['+1m', '2026-01-31', '2026-02-28', '2026-02-28'],
    ['-1y', '2024-02-29', '2023-02-28', '2023-02-28'],
    ['+2w', '2026-12-25', '2027-01-08', '2027-01-08'],
    ['this-week', '2026-11-29', '2026-11-23', '2026-11-29'],
    ['this-month', '2024-02-10', '2024-02-01', '2024-02-29'],
    ['next-month', '2026-12-31', '2027-01-01', '2027-01-31'],
    ['last-year', '2026-12-31', '2025-01-01', '2025-12-31'],
  ])('%s, seen from %s, is %s to %s', (word, today, first, last) => {
    expect(daysOf(word, today)).toEqual({ first, last });
  });

  test.each([
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-11-30', 'Pacific/Kiritimati', '2026-11-29T10:00:00.000Z'],
    ['2026-11-30', 'Asia/Kathmandu', '2026-11-29T18:15:00.000Z'],
    // The clock goes from 23:59 to 1:00.
    ['2026-03-08', 'America/Havana', '2026-03-08T05:00:00.000Z'],
  ])('%s starts in %s at %s', (day, timezone, start) => {
    expect(startOfDay(day, timezone).toISOString()).toBe(start);
  });
});

describe('completion', () => {
  const offered = (text: string) => completionsAt(wordAt(text, text.length));

  test('offers keys and values for the word before the cursor', () => {
    expect(offered('')).toContain('status:');
    expect(offered('is:open -pr')).toEqual(['priority:']);
    expect(offered('(over')).toEqual(['is:overdue']);
    expect(offered('status:')).toEqual(['todo', 'doing', 'done', 'cancelled']);
    expect(offered('status:todo,do')).toEqual(['doing', 'done']);
    expect(offered('due:<to')).toEqual(['today', 'tomorrow']);
    expect(offered('no:l')).toEqual(['label']);
    expect(offered('foo:')).toEqual([]);
  });

  test('knows what a completion replaces', () => {
    expect(wordAt('is:open label:"to d', 19)).toEqual({
      key: 'label',
      kind: 'label',
      typed: 'to d',
      offset: 14,
      length: 5,
    });
    expect(wordAt('-stat', 5)).toMatchObject({ key: null, typed: 'stat', offset: 1, length: 4 });
    expect(wordAt('team:a,b is:open', 8)).toMatchObject({ key: 'team', typed: 'b', offset: 7, length: 1 });
  });
});
