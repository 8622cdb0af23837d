import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines } from '../../../client/src/lib/quick-add/pasted-lines.ts';

describe('pasted lines', () => {
  test('lose bullets, numbers and checkboxes, but keep their places', () => {
    const text = [
      '- Order paper',
      '',
      '  * [ ] Call the printer',
      '- [x] Send the invoice',
      '1. Water the plants',
      '12) [X] Book a room',
      '• Plan\tthe offsite',
      '☑ Pay rent',
      '☐ Sweep',
      '[ ] Write the minutes',
    ].join('\r\n');
    expect(readLines(text).map(({ line, title, isDone }) => [line, title, isDone])).toEqual([
      [1, 'Order paper', false],
      [3, 'Call the printer', false],
      [4, 'Send the invoice', true],
      [5, 'Water the plants', false],
      [6, 'Book a room', true],
      [7, 'Plan the offsite', false],
      [8, 'Pay rent', true],
      [9, 'Sweep', false],
      [10, 'Write the minutes', false],
    ]);
  });

  test.each(['-5 degrees', '2026. A year', '3.5 litres', '[sic] text', '#1 song', '1', '*bold*', '(a) x'])(
    'keep “%s”',
    (text) => {
      expect(readLines(text)).toEqual([{ line: 1, title: text, isDone: false }]);
    },
  );

  test('are each on one line, without spaces around', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        for (const { title } of readLines(text)) {
          expect(title).toBe(title.trim());
          expect(title).toMatch(/^[^\n\r\t\u2028\u2029]+$/);
        }
      }),
    );
  });
});
