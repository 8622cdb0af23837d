import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { svelte2tsx } from 'svelte2tsx';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const CLIENT = join(import.meta.dirname, '../../client');
const run = promisify(execFile);
const wuchale = (...parameters: string[]) =>
  run(join(CLIENT, '../node_modules/.bin/wuchale'), parameters, { cwd: CLIENT });

/** What programs read; everything else with two words is for people. */
const technical = [
  /^(audit-trail-|curl |claude mcp |-d '\{|max\(|min\(|clamp\(|\(hover: |\(any-pointer: |\(pointer: |\(min-width|\(width|https?:|noopener )/,
  /^(li a|li a, li button|no longer let |li:not\(li li\)|(a, )?input, (textarea, )?select(, .*)?|a, button(:not\(:disabled\))?|task list|HTTP \{0\}|shared-with-label shared-with-names)$/,
  /^The server sent no data in time\.$/,
  /^M\{0\},\{1\}/,
  /^(<(path|rect|svg|text) |query \{\n|, asOf: |no picture$)/,
];
/** Texts without words of their own. */
const bare = (text: string) => !/\p{L}{2}/u.test(text.replaceAll(/\{\d+\}/g, ''));
/** Classes of Tailwind have a hyphen or a colon in each word, or are one of these. */
const isClasses = (text: string) =>
  text
    .trim()
    .split(/\s+/)
    .every((word) =>
      /[-:[]|^(grid|flex|block|button|control|panel|link|truncate|absolute|relative|skeleton|hidden|underline|hatched|stalled|entry|size|rounded|border|stroke|fill|\{\d+\})$/.test(
        word,
      ),
    );

describe('the messages of the page', () => {
  test('are all in the catalogs, and none of the catalogs is stale', async () => {
    await wuchale('check', '--full');
    const { stdout } = await wuchale('status', '--json');
    const [{ storage }] = JSON.parse(stdout) as [
      { storage: { total: number; details: { locale: string; untranslated: number; obsolete: number }[] } },
    ];
    expect(storage.total).toBeGreaterThan(700);
    expect(storage.details).toContainEqual({ locale: 'de', untranslated: 0, obsolete: 0 });
  });

  test('include every text of two or more words in the code', () => {
    const known = messagesOf(readFileSync(join(CLIENT, 'src/messages/de.po'), 'utf8'));
    const files = globSync('src/**/*.{ts,svelte}', { cwd: CLIENT }).filter(
      (file) => !/^src\/(gql|messages)\//.test(file),
    );
    const missed = files.flatMap((file) =>
      textsOf(file)
        .filter((text) => /\S\s+\S/.test(text) && !bare(text) && !isClasses(text))
        .filter((text) => !known.has(text.trim()) && !technical.some((pattern) => pattern.test(text)))
        .map((text) => `${file}: ${text}`),
    );
    expect(missed).toEqual([]);
  });
});

function messagesOf(po: string): Set<string> {
  const found = po.matchAll(/^msgid(?:_plural)? (".*")$/gm);
  return new Set(Array.from(found, ([, text = '""']) => (JSON.parse(text) as string).trim()));
}

/** The strings and templates of a file's code; text in markup is always found by the extraction. */
function textsOf(file: string): string[] {
  const code = readFileSync(join(CLIENT, file), 'utf8');
  const script = file.endsWith('.svelte')
    ? svelte2tsx(code, { filename: file, isTsFile: true, mode: 'ts', version: '5.0.0' }).code
    : code;
  const found: string[] = [];
  visit(ts.createSourceFile('file.ts', script, ts.ScriptTarget.Latest, true));
  return found;

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isCallExpression(node) && node.expression.getText() === 'graphql') return;
    // Attributes of elements: the extraction reads those of people.
    if (
      ts.isPropertyAssignment(node) &&
      /^["'`]?(class|style|d|transform|viewBox|points)\b/.test(node.name.getText())
    )
      return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push(node.text);
    if (ts.isTemplateExpression(node))
      found.push(
        node.head.text + node.templateSpans.map(({ literal }, place) => `{${place}}${literal.text}`).join(''),
      );
    ts.forEachChild(node, visit);
  }
}
