import { expect, test } from 'vitest';
import { csvOf } from '../../server/csv.ts';

test('a table of any texts is CSV that no spreadsheet takes for formulas', () => {
  expect(
    csvOf([
      ['Time', 'Event'],
      ['12:00', 'Ada, "the first"\nsigned in'],
      ['', '=HYPERLINK("x")'],
    ]),
  ).toBe('Time,Event\r\n12:00,"Ada, ""the first""\nsigned in"\r\n,"\'=HYPERLINK(""x"")"\r\n');
  expect(csvOf([['+1', '-1', '@sum', '\tx', 'a=b', 'é']])).toBe("'+1,'-1,'@sum,'\tx,a=b,é\r\n");
});
