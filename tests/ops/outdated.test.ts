import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Runs the command with an `npm` that reports the given versions, or the current one. */
async function runOutdated(newer: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-npm-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const script = `#!${process.execPath}
    const { dependencies } = JSON.parse(require('node:fs').readFileSync('package.json', 'utf8'));
    const newer = ${JSON.stringify(newer)};
    console.log(JSON.stringify(Object.fromEntries(Object.entries(dependencies).map(([name, range]) =>
      [name, { wanted: newer[name + '@' + range] ?? range.slice(1) }]))));
    process.exitCode = 1;`;
  await writeFile(join(folder, 'npm'), script);
  await chmod(join(folder, 'npm'), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  return new Promise<{ code: number; stdout: string }>((resolve) => {
    execFile(process.execPath, ['ops/outdated.ts'], { cwd: root, env }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), stdout });
    });
  });
}

test('lists direct dependencies with a newer patch version', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const auth = manifest.dependencies['better-auth'] ?? '';
  const lint = manifest.devDependencies['eslint'] ?? '';
  const answer = await runOutdated({
    [`better-auth@~${auth}`]: '1.7.999',
    [`eslint@~${lint}`]: '10.15.999',
  });
  expect(answer.stdout.trim().split('\n')).toEqual([
    `eslint: ${lint} → 10.15.999`,
    `better-auth: ${auth} → 1.7.999`,
  ]);
  expect(answer.code).toBe(1);
  expect(await runOutdated({})).toEqual({
    code: 0,
    stdout: 'All direct dependencies are up to date.\n',
  });
});

test('the lock file downloads only from npm’s registry', async () => {
  const lock = await readFile(join(root, 'package-lock.json'), 'utf8');
  const elsewhere = [...lock.matchAll(/"resolved": "([^"]+)"/g)]
    .map(([, address = '']) => address)
    .filter((address) => !address.startsWith('https://registry.npmjs.org/'));
  expect(elsewhere).toEqual([]);
});
