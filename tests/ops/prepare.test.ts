import { spawnSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../kit/ops.ts';

const root = join(import.meta.dirname, '../..');

test('without development dependencies, the start fails with one sentence that says what to do (OMIT-DEV)', async () => {
  const folder = await scratchFolder();
  await mkdir(join(folder, 'ops'));
  for (const file of ['ops/prepare.ts', 'package.json', 'package-lock.json'])
    await copyFile(join(root, file), join(folder, file));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', './ops/prepare.ts', '--eval', ''],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /^Generating the database client needs the development dependency prisma\. Run "npm ci --include=dev".*\n$/,
  );
});
