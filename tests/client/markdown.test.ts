import { expect, test } from 'vitest';
import { parseMarkdown, toggleCheckbox } from '../../client/src/lib/markdown/markdown.ts';

test('a link that would run a script, and HTML, stay text', () => {
  for (const address of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    '//evil.test',
    'vbscript:x',
  ])
    expect(parseMarkdown(`[open](${address})`)).toEqual([{ tag: 'p', children: ['open'] }]);
  expect(parseMarkdown('<img src=x onerror=alert(1)>')).toEqual([
    { tag: 'p', children: ['<img src=x onerror=alert(1)>'] },
  ]);
  expect(parseMarkdown('a <b onclick=x>b</b>')).toEqual([
    { tag: 'p', children: ['a ', '<b onclick=x>', 'b', '</b>'] },
  ]);
});

test('an image becomes a link, so that reading a task requests nothing from another host', () => {
  expect(parseMarkdown('![Plan](https://evil.test/pixel.png)')).toEqual([
    { tag: 'p', children: [{ tag: 'a', href: 'https://evil.test/pixel.png', children: ['Plan'] }] },
  ]);
});

test('text that nests thousands of quotes or asterisks is shown, not refused', () => {
  for (const text of ['>'.repeat(10_000), `${'*'.repeat(5_000)}a${'*'.repeat(5_000)}`])
    expect(parseMarkdown(text)).toEqual([{ tag: 'p', children: [text] }]);
  expect(JSON.stringify(parseMarkdown(`${'> '.repeat(60)}deep`))).toContain('deep');
});

test('a person ticks exactly the checkbox that they click', () => {
  const source = 'See [x] and `- [ ] no`\n\n```\n- [ ] code\n```\n\n> * [ ] quoted\n\n1. [X] one\n2. [ ] two';
  expect(toggleCheckbox(source, 0)).toBe(source.replace('* [ ] quoted', '* [x] quoted'));
  expect(toggleCheckbox(source, 1)).toBe(source.replace('[X] one', '[ ] one'));
  expect(toggleCheckbox(source, 2)).toBe(source.replace('[ ] two', '[x] two'));
  expect(toggleCheckbox(source, 3)).toBe(source);
});
