// npm run requirements
// Writes docs/requirements.md: each requirement with the test files that name it. `npm run check` compares with
// --check.
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { notBuiltYet, requirements, type Requirement } from '../requirements.ts';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docs/requirements.md');
/** The reporter's own test names requirements of an invented project. */
const REPORTER_TEST = 'tests/kit/requirements-reporter.test.ts';

const testFiles = globSync('tests/**/*.test.ts', { cwd: root }).sort();
const texts = await Promise.all(
  testFiles.map(async (path) => {
    const text = await readFile(join(root, path), 'utf8');
    return { path, text: path === REPORTER_TEST ? text.slice(text.lastIndexOf('[T067]')) : text };
  }),
);

const rows = (Object.entries(requirements) as [Requirement, string][]).map(([id, requirement]) => {
  const links = texts
    .filter(({ text }) => text.includes(`[${id}]`))
    .map(({ path }) => `[${path.replace(/^tests\/(.*)\.test\.ts$/, '$1')}](../${path})`);
  const missing = notBuiltYet[id];
  return `| ${id} | ${requirement} | ${[...links, ...(missing ? [`not built yet: ${missing}`] : [])].join(', ')} |`;
});

const page = `# Requirements

What Taskwire guarantees, and the test files that prove it. \`npm run requirements\` generates this table from
[tests/requirements.ts](../tests/requirements.ts) and the titles of the tests. A run of all tests fails if a requirement
has no passing test, and writes each test by name to \`tests/.output/requirements.md\`.

<!-- prettier-ignore -->
| Id | Requirement | Tests |
| --- | --- | --- |
${rows.join('\n')}
`;

const wanted = await format(page, { ...(await resolveConfig(file)), parser: 'markdown' });
const written = await readFile(file, 'utf8').catch(() => '');
if (!process.argv.includes('--check')) await writeFile(file, wanted);
else if (written !== wanted) {
  console.error('docs/requirements.md is not up to date; run `npm run requirements`.');
  process.exitCode = 1;
}
