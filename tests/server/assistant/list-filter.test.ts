import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listFilter } from '../../../server/assistant/list-filter.ts';
import { parseFilter } from '../../../server/filter-text/parse.ts';

/** A Monday. */
const TODAY = '2026-11-30';

test.each([
  ['', 'is:open'],
  ['due this week', 'due:this-week is:open'],
  ['fällig diese Woche', 'due:this-week is:open'],
  ['fällig morgen', 'due:2026-12-01 is:open'],
  ['überfällig', 'is:overdue'],
  ['done #home', 'label:"home" status:done'],
  ['on friday !high', 'priority:high due:2026-12-04 is:open'],
  ['rent due next week', 'due:next-week text:"rent" is:open'],
  ['meine Aufgaben', 'is:mine is:open'],
  ['all', 'is:any'],
  ['due:<today -label:waiting', 'due:<today -label:waiting'],
  ['status:done milk', 'status:done text:"milk"'],
])('“/list %s” lists %s', (text, filter) => {
  expect(listFilter(text, TODAY)).toBe(filter);
});

test('any text is a valid filter', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => {
      expect(parseFilter(listFilter(text.replaceAll('\0', ''), TODAY)).errors).toEqual([]);
    }),
  );
});
