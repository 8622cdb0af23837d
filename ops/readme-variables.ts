// npm run readme:variables
// Generates the README's table of settings from server/config.ts. `npm run check` compares with --check.
import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { variables } from '../server/config.ts';

const file = new URL('../README.md', import.meta.url);
const begin = '<!-- Generated from server/config.ts by npm run readme:variables. -->';
const end = '<!-- End of the generated part. -->';

const table = [
  '| Variable | Meaning | Default |',
  '| --- | --- | --- |',
  ...Object.entries(variables).map(
    ([name, { about, default: value }]) => `| \`${name}\` | ${cell(about)} | ${valueCell(value)} |`,
  ),
].join('\n');

const written = await readFile(file, 'utf8');
const [head, rest] = parts(written, begin);
const [, tail] = parts(rest, end);
const wanted = await format(`${head}${begin}\n\n${table}\n\n${end}${tail}`, { parser: 'markdown' });

if (!process.argv.includes('--check')) await writeFile(file, wanted);
else if (written !== wanted) {
  console.error('The table in README.md is outdated. Run `npm run readme:variables`.');
  process.exitCode = 1;
}

function parts(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`README.md does not contain the line ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** Values are code; descriptions are plain text. */
function valueCell(text: string): string {
  return text === 'none' || text.includes(' ') ? cell(text) : `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
