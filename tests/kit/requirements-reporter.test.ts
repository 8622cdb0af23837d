import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const NODE_MODULES = join(import.meta.dirname, '../../node_modules');
const REPORTER = join(import.meta.dirname, 'requirements-reporter.ts');

const GARDEN = `
  import { describe, expect, test } from 'vitest';
  describe('[FR-001] a bed', () => {
    test('is dug', () => expect(1).toBe(1));
    test('is watered', () => expect(1).toBe(1));
  });
  test.each(['oak', 'elm', 'ash'])('[FR-002] [BR-01] an %s grows', () => expect(1).toBe(1));
`;
const HOUSE = `
  import { expect, test } from 'vitest';
  test('[BR-01] a door with a <lock> shuts', () => expect(1).toBe(1));
`;
const PROMISES = { 'FR-001': 'Beds are kept.', 'FR-002': 'Trees grow.', 'BR-01': 'All is well.' };

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'taskwire-requirements-'));
  await mkdir(join(root, 'tests'));
  await symlink(NODE_MODULES, join(root, 'node_modules'));
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rm(root, { recursive: true, force: true }));

interface Run {
  house?: string;
  promises?: Record<string, string>;
  notBuiltYet?: Record<string, string>;
  parameters?: string[];
  environment?: NodeJS.ProcessEnv;
}

/** A complete run of the tests of garden and house. */
async function run({ house = HOUSE, promises = PROMISES, notBuiltYet = {}, ...rest }: Run = {}) {
  await writeFile(join(root, 'tests/garden.test.ts'), GARDEN);
  await writeFile(join(root, 'tests/house.test.ts'), house);
  const options = JSON.stringify({ root, requirements: promises, notBuiltYet });
  await writeFile(
    join(root, 'vitest.config.ts'),
    `export default { test: { includeTaskLocation: true, reporters: [['${REPORTER}', ${options}]] } };`,
  );
  const { CI, ...environment } = process.env;
  const child = spawn(join(NODE_MODULES, '.bin/vitest'), ['run', ...(rest.parameters ?? [])], {
    cwd: root,
    env: { ...environment, ...rest.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

const page = () => readFile(join(root, 'tests/.output/requirements.md'), 'utf8');

describe('[T067] the table of requirements', () => {
  test('lists each requirement with its tests, and does not change if they do not', async () => {
    expect(await run({ notBuiltYet: { 'BR-01': 'the windows' } })).toMatchObject({ code: 0 });
    const written = await page();
    expect(written).toMatch(/\| \[FR-001\]\(#fr-001\) +\| Beds are kept\. +\| 2 tests passed +\|/);
    expect(written).toMatch(/\| \[BR-01\]\(#br-01\) .*\| 4 tests passed; not built yet: the windows +\|/);
    const section = written.slice(written.indexOf('### BR-01'));
    expect(section.replaceAll(/\n+/g, '\n')).toBe(
      [
        '### BR-01',
        'All is well.',
        '[tests/garden.test.ts](../../tests/garden.test.ts)',
        '- an oak grows (3 tests)',
        '[tests/house.test.ts](../../tests/house.test.ts)',
        String.raw`- a door with a \<lock\> shuts`,
        '',
      ].join('\n'),
    );

    await run({ notBuiltYet: { 'BR-01': 'the windows' } });
    expect(await page()).toBe(written);
  });

  test('is not changed by a run of some tests', async () => {
    await writeFile(join(root, 'tests/.output/requirements.md'), 'of yesterday');
    const promises = { ...PROMISES, 'BR-02': 'No test proves this.' };
    expect(await run({ promises, parameters: ['tests/garden.test.ts'] })).toMatchObject({ code: 0 });
    expect(await run({ promises, parameters: ['-t', 'grows'] })).toMatchObject({ code: 0 });
    expect(await page()).toBe('of yesterday');
  });
});

describe('[T067] a run of all tests fails', () => {
  test('if no passing test names a requirement that is not marked as not built', async () => {
    const promises = { ...PROMISES, 'BR-02': 'No test proves this.' };
    expect(await run({ promises })).toMatchObject({
      code: 1,
      output: expect.stringContaining('BR-02 has no passing test: No test proves this.') as string,
    });
    expect(await run({ promises, notBuiltYet: { 'BR-02': 'the roof' } })).toMatchObject({ code: 0 });
    expect(await page()).toMatch(/\| BR-02 .*\| not built yet: the roof +\|/);
  });

  test('if the only test of a requirement fails', async () => {
    const promises = { ...PROMISES, 'BR-02': 'The door is red.' };
    const house = HOUSE.replace('[BR-01]', '[BR-02]').replace('toBe(1)', 'toBe(2)');
    expect(await run({ promises, house })).toMatchObject({
      code: 1,
      output: expect.stringContaining('BR-02 has no passing test') as string,
    });
  });

  test('if a title names an unknown requirement', async () => {
    expect(await run({ house: HOUSE.replace('[BR-01]', '[BR-91]') })).toMatchObject({
      code: 1,
      output: expect.stringContaining('BR-91 is in a title') as string,
    });
  });
});
