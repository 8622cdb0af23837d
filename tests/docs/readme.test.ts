import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startWorld } from '../kit/world.ts';

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:4000';
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);

const world = await startWorld();

test('[T062] the README’s API calls run as printed, also if the account exists', async () => {
  const script = blocks.find((block) => block.includes('/graphql'))?.replaceAll(ADDRESS, world.url) ?? '';
  for (const total of [1, 2]) {
    const { stdout } = await promisify(execFile)('bash', ['-euc', script]);
    expect(stdout).toContain('Water the plants');
    expect(stdout.trim()).toMatch(
      new RegExp(`"statistics":\\{"total":${total},"pending":${total},"completed":0,"shared":0\\}\\}\\}\\}$`),
    );
  }
});

test('[T062] each npm command of the README exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run )?([a-z][a-z:]*)/g)].map(([, name = '']) => name);
  const own = named.filter((name) => name !== 'ci' && name !== 'with');
  expect(own.length).toBeGreaterThan(5);
  expect(own.filter((name) => !(name in scripts))).toEqual([]);
});
