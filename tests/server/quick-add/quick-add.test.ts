import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysInText } from '../../../server/quick-add/days-in-text.ts';
import { finish, readQuickAdd, unfinishedAt, valuesOf } from '../../../server/quick-add/quick-add.ts';

/** A Monday. */
const TODAY = '2026-11-30';
const people = [
  { id: 'user_1', name: 'Ada' },
  { id: 'user_2', name: 'Ada Lovelace' },
  { id: 'user_3', name: 'Bob Baker' },
  { id: 'user_4', name: 'Bob Miller' },
  { id: 'user_5', name: 'Çelik' },
];

function read(text: string, kept: string[] = []) {
  const daysIn = (words: string) => daysInText(words, TODAY);
  const { title, markers } = readQuickAdd(text, { people, viewerId: 'user_5', kept: new Set(kept), daysIn });
  return { title, ...valuesOf(markers) };
}

describe('a task that is typed in one line', () => {
  test.each([
    [
      'Call Bob tomorrow !high #home @ada',
      { title: 'Call Bob', dueOn: '2026-12-01', priority: 'HIGH', labels: ['home'], assigneeId: 'user_1' },
    ],
    ['#home Call Bob', { title: 'Call Bob', labels: ['home'] }],
    ['Call #home Bob', { title: 'Call Bob', labels: ['home'] }],
    ['Call Bob, tomorrow', { title: 'Call Bob', dueOn: '2026-12-01' }],
    ['Pack #home #"to the garden" #home', { title: 'Pack', labels: ['home', 'to the garden'] }],
    ['Write to @ada lovelace, please', { title: 'Write to, please', assigneeId: 'user_2' }],
    ['Ask @Bob', { title: 'Ask @Bob' }],
    ['Ask @bob miller', { title: 'Ask', assigneeId: 'user_4' }],
    ['Water plants @me', { title: 'Water plants', assigneeId: 'user_5' }],
    ['Frag @çelik !dringend', { title: 'Frag', assigneeId: 'user_5', priority: 'URGENT' }],
    ['Ship it !low !urgent', { title: 'Ship it !low', priority: 'URGENT' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['Fix #12 in C#, see a@b.c!high'],
    ['Wow !important'],
    ['Say "tomorrow #home" aloud'],
    ['Lies „morgen @ada“ vor'],
    ['Read “next Friday”'],
    ['  two  spaces '],
    ['Cost: 3/4 of $5'],
  ])('keeps as they are: %s', (text) => {
    expect(read(text)).toEqual({ title: text });
  });

  test('a backslash keeps a sign, and disappears', () => {
    expect(read(String.raw`Sort \#home and \@ada tomorrow`)).toEqual({
      title: 'Sort #home and @ada',
      dueOn: '2026-12-01',
    });
    expect(read(String.raw`Open C:\#x\ and \n`)).toEqual({ title: String.raw`Open C:\#x\ and \n` });
  });

  test('a part that the person keeps stays in the title', () => {
    expect(read('Plan tomorrow #home', ['tomorrow'])).toEqual({ title: 'Plan tomorrow', labels: ['home'] });
  });

  test('text without signs and days is the title, to the character', () => {
    const word = fc.stringMatching(/^[\p{Lu}\p{Ll}€%&/()=?*+~'`´^°|.:]{0,12}$/u);
    const noDay = (text: string) => daysInText(text, TODAY).length === 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.constantFrom(' ', '  ', '\t'), (words, space) => {
        const text = words.join(space);
        fc.pre(noDay(text));
        expect(read(text)).toEqual({ title: text });
      }),
    );
  });

  test('any text is read, and its escaped form is its title', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        read(text);
        const plain = text.replaceAll(/["“”„\\\s]/g, '');
        fc.pre(plain !== '' && daysInText(plain, TODAY).length === 0);
        expect(read(`\\#${plain}`)).toEqual({ title: `#${plain}` });
      }),
    );
  });
});

describe('days in English and German', () => {
  test.each([
    ['Call Bob today', 'today', '2026-11-30'],
    ['Report by next Friday', 'by next Friday', '2026-12-11'],
    ['Meet on Friday at 5', 'on Friday', '2026-12-04'],
    ['Call at 5pm Friday', 'Friday', '2026-12-04'],
    ['Pay in 2 weeks', 'in 2 weeks', '2026-12-14'],
    ['Party on 5 January', 'on 5 January', '2027-01-05'],
    ['Slides for Friday', 'for Friday', '2026-12-04'],
    ['Tax 2027-01-31', '2027-01-31', '2027-01-31'],
    ['Monday', 'Monday', '2026-11-30'],
    ['morgen Bob anrufen', 'morgen', '2026-12-01'],
    ['Bericht nächsten Freitag', 'nächsten Freitag', '2026-12-11'],
    ['Zahnarzt am 3.12.', 'am 3.12.', '2026-12-03'],
    ['Zahnarzt am 29.11. um 9', 'am 29.11.', '2027-11-29'],
    ['Treffen Dienstag, 8.12.', 'Dienstag, 8.12.', '2026-12-08'],
    ['Abgabe bis 24.12.2026', 'bis 24.12.2026', '2026-12-24'],
    ['Folien für Freitag', 'für Freitag', '2026-12-04'],
    ['Pflanzen in drei Tagen gießen', 'in drei Tagen', '2026-12-03'],
    ['Brief übermorgen', 'übermorgen', '2026-12-02'],
  ])('%s', (text, words, day) => {
    const found = daysInText(text, TODAY).map(({ start, end, day }) => [text.slice(start, end), day]);
    expect(found).toEqual([[words, day]]);
  });

  test.each([
    'May I ask',
    'So ist es',
    'Put on sun screen',
    'Guten Morgen sagen',
    'Update Node to 3.12.',
    'Plan a weekend trip',
    'Read 2 weeks of mail',
    'Minutes of last Friday',
    'Work from Monday to Friday',
    'Water plants every Monday',
    'Call at 5pm',
    'am 31.2.',
    'now',
  ])('%s names none', (text) => {
    expect(daysInText(text, TODAY)).toEqual([]);
  });
});

describe('completing a label or a name', () => {
  test.each([
    ['Call #ho', { kind: 'label', start: 5, typed: 'ho' }],
    ['Call #', { kind: 'label', start: 5, typed: '' }],
    ['Call #"to the', { kind: 'label', start: 5, typed: 'to the' }],
    ['Call @Ada Lo', { kind: 'assignee', start: 5, typed: 'Ada Lo' }],
  ])('%s', (text, expected) => {
    expect(unfinishedAt(text, text.length)).toEqual(expected);
  });

  test.each(['Call', 'a#b', 'Call #home ', '# ', String.raw`\#home`])('not for “%s”', (text) => {
    expect(unfinishedAt(text, text.length)).toBeUndefined();
  });

  test('a finished one is read as it was chosen', () => {
    for (const value of ['home', 'to the garden', '2nd']) {
      const { text, cursor } = finish('Call #h', 7, { kind: 'label', start: 5, typed: 'h' }, value);
      expect(cursor).toBe(text.length);
      expect(read(text)).toEqual({ title: 'Call', labels: [value] });
    }
    const { text } = finish('Ask @bo now', 7, { kind: 'assignee', start: 4, typed: 'bo' }, 'Bob Miller');
    expect(text).toBe('Ask @Bob Miller now');
  });
});
