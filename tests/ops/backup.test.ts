import { execFile } from 'node:child_process';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findClient } from '../../ops/backup/programs.ts';
import { rotate } from '../../ops/backup/rotation.ts';
import { readBackupStatus } from '../../server/backup/status.ts';
import { readConfig } from '../../server/config.ts';
import { startServer } from '../../server/lifecycle/start.ts';
import { fileIn, hasPgDump, ops, scratchFolder } from '../kit/ops.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const run = promisify(execFile);
const world = await startWorld();

async function environmentIn(folder: string) {
  return {
    DATABASE_URL: world.databaseUrl,
    BACKUP_DIR: folder,
    DATA_DIR: join(await scratchFolder(), 'data'),
    AUTH_SECRET: 'a secret that guards nothing but tests',
  };
}

async function backups(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.dump')).sort();
}

describe.skipIf(!hasPgDump)('backing up', { timeout: 60_000 }, () => {
  test('[T061] a backup is named by its time and compressed, and has a checksum and a manifest of its content', async () => {
    const { ada } = await world.people('Ada');
    for (const title of ['one', 'two', 'three'])
      await ada.createTask(title, { description: 'x'.repeat(10_000) });
    const folder = await scratchFolder();
    const file = fileIn(await ops('backup', [], await environmentIn(folder)));
    expect(file).toMatch(/\/backup_\d{8}_\d{6}\.dump$/);
    const dump = await readFile(file);
    expect(dump.subarray(0, 5).toString()).toBe('PGDMP');
    expect(dump.length).toBeLessThan(300_000);
    const manifest = JSON.parse(await readFile(file.replace('.dump', '.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(manifest).toMatchObject({
      kind: 'regular',
      taskwire: '0.1.0',
      migration: expect.stringMatching(/^\d{14}_/) as string,
      bytes: dump.length,
      sha256: (await run('sha256sum', [file])).stdout.slice(0, 64),
      tables: { tasks: { rows: 3 }, users: { rows: 1 } },
    });
    expect((await stat(file)).mode & 0o077, 'only the owner can read it').toBe(0);
  });

  test('[T061] of two concurrent backups to one folder, one completes and the other reports that it has to wait', async () => {
    const folder = await scratchFolder();
    const environment = await environmentIn(folder);
    const ends = await Promise.all([ops('backup', [], environment), ops('backup', [], environment)]);
    const good = ends.filter(({ code }) => code === 0);
    for (const { output } of ends.filter(({ code }) => code !== 0)) {
      expect(output).toContain('is running. Wait until it has finished');
    }
    expect(good.length).toBeGreaterThan(0);
    expect(await backups(folder)).toHaveLength(good.length);
    expect(await ops('backup-verify', [], environment)).toMatchObject({ code: 0 });
  });

  test('[T061] a full disk leaves earlier backups unchanged, and no incomplete one', async ({ skip }) => {
    const disk = await smallDisk();
    if (!disk) return skip('only root may mount a small disk');
    const environment = await environmentIn(disk.folder);
    const first = fileIn(await ops('backup', ['--keep-days', '1'], environment));
    const before = await readFile(first);
    await disk.fill();
    const { code, output } = await ops('backup', ['--keep-days', '1'], environment);
    expect(code).toBe(1);
    expect(output).toMatch(/No space left in .* existing backups are unchanged/);
    expect(await backups(disk.folder)).toHaveLength(1);
    expect((await readdir(disk.folder)).filter((name) => name.includes('draft'))).toEqual([]);
    expect(await readFile(first)).toEqual(before);
    expect(await ops('backup-verify', [first], environment)).toMatchObject({ code: 0 });
  });

  test('[T061] backups older than a week are removed, except the last good one and the last verified one', async () => {
    const folder = await scratchFolder();
    const environment = await environmentIn(folder);
    const file = fileIn(await ops('backup', [], environment));
    const aged = async (name: string, day: string) => {
      const manifest = JSON.parse(await readFile(file.replace('.dump', '.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      await writeFile(join(folder, `${name}.dump`), await readFile(file));
      await writeFile(
        join(folder, `${name}.json`),
        JSON.stringify({ ...manifest, name, createdAt: `${day}T03:00:00.000Z` }),
      );
    };
    await aged('backup_20270101_030000', '2027-01-01');
    await aged('backup_20270102_030000', '2027-01-02');
    await aged('backup_20270109_030000', '2027-01-09');
    await writeFile(join(folder, 'backup_20261231_030000.dump'), 'a half');
    await utimes(join(folder, 'backup_20261231_030000.dump'), 0, 0);
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await rm(file);
    await rm(file.replace('.dump', '.json'));

    const at = (day: string) => new Date(`${day}T04:00:00Z`);
    const lastVerified = 'backup_20270101_030000';
    expect(await rotate(folder, { keepDays: 7, now: at('2027-01-10'), lastVerified })).toEqual([
      'backup_20261231_030000',
      'backup_20270102_030000',
    ]);
    expect(await rotate(folder, { keepDays: 7, now: at('2028-01-01'), lastVerified: undefined })).toEqual([
      'backup_20270101_030000',
    ]);
    expect(await rotate(folder, { keepDays: 7, now: at('2029-01-01'), lastVerified: undefined })).toEqual([]);
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining(['backup_20270109_030000.dump', 'notes.txt']),
    );
  });

  test('[T061] after the loss of a disk, one command restores into a new folder, and sessions remain valid', async () => {
    const [lost, fresh, folder] = [await scratchFolder(), await scratchFolder(), await scratchFolder()];
    const settings = (dataDir: string) => ({
      DATA_DIR: dataDir,
      BACKUP_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'error',
    });
    const first = await startServer(readConfig(settings(lost)));
    onTestFinished(() => first.stop());
    const token = await signUpAt(first.url);
    await ask(first.url, 'mutation { createTask(input: { title: "Survives" }) { cursor } }', token);
    const whileItRuns = fileIn(await ops('backup', [], settings(lost)));
    await first.stop();
    const whileItRests = fileIn(await ops('backup', [], settings(lost)));
    expect(whileItRests).not.toBe(whileItRuns);
    await rm(lost, { recursive: true });

    const { code, output } = await ops('restore', ['--yes', whileItRuns], settings(fresh));
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('the secret of the backup replaces the one in DATA_DIR');
    // A token contains the address of its server.
    const { port } = new URL(first.url);
    const second = await startServer(readConfig({ ...settings(fresh), PORT: port }));
    onTestFinished(() => second.stop());
    expect(await ask(second.url, '{ tasks { nodes { title } } }', token)).toEqual({
      tasks: { nodes: [{ title: 'Survives' }] },
    });
    expect(await ask(second.url, SIGN_IN)).toMatchObject({ signIn: { viewer: { name: 'Ada' } } });
  }, 60_000);

  test('[T061] with another secret than the backup’s, all people must sign in again', async () => {
    const folder = await scratchFolder();
    const environment = await environmentIn(folder);
    const { cy } = await world.people('Cy');
    const file = fileIn(await ops('backup', [], environment));
    const place = new URL(world.databaseUrl);
    place.pathname += '_elsewhere';
    const elsewhere = {
      ...environment,
      DATABASE_URL: place.href,
      AUTH_SECRET: 'another secret that guards nothing but tests',
    };
    const { code, output } = await ops('restore', ['--yes', file], elsewhere);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('All people must sign in again');
    const server = await startServer(readConfig({ ...elsewhere, PORT: '0', LOG_LEVEL: 'error' }));
    onTestFinished(() => server.stop());
    const again = `mutation { signIn(input: { email: "${cy.email}", password: "${PASSWORD}" }) { viewer { name } } }`;
    expect(await ask(server.url, again)).toEqual({ signIn: { viewer: { name: 'Cy' } } });
    await expect(ask(server.url, '{ viewer { name } }', cy.token)).rejects.toThrow('Sign in again');
  });

  test('[T061] a server with a schedule creates and verifies backups automatically (ALERTS)', async () => {
    const folder = await scratchFolder();
    const environment = { ...(await environmentIn(folder)), PORT: '0', LOG_LEVEL: 'silent' };
    const server = await startServer(readConfig({ ...environment, BACKUP_SCHEDULE: '* * * * * *' }));
    onTestFinished(() => server.stop());
    await expect
      .poll(() => readBackupStatus(folder), { timeout: 30_000 })
      .toMatchObject({
        lastGood: { succeeded: true },
        lastVerified: { succeeded: true },
      });
    await server.stop();
    const made = await backups(folder);
    expect(made.length).toBeGreaterThan(0);
    expect((await readdir(folder)).filter((name) => name.includes('draft'))).toEqual([]);
  });
});

test('[T061] a schedule that is invalid or never occurs is rejected before the database starts (LATE)', async () => {
  const environment = {
    ...(await environmentIn(await scratchFolder())),
    DATABASE_URL: 'postgres://127.0.0.1:1/no',
  };
  for (const schedule of ['0 25 * * *', '0 0 31 2 *'])
    await expect(startServer(readConfig({ ...environment, BACKUP_SCHEDULE: schedule }))).rejects.toThrow(
      'BACKUP_SCHEDULE: ',
    );
});

test('[T061] a server with a schedule and a broken pg_dump reports it and does not start (LATE)', async () => {
  const folder = await scratchFolder();
  for (const [program, ending] of Object.entries({
    pg_dump: 'echo no such library >&2; exit 1',
    pg_restore: '',
  }))
    await writeFile(
      join(folder, program),
      `#!/bin/sh\n[ "$1" = --version ] && { echo "${program} (PostgreSQL) 99.1"; exit 0; }\n${ending}\n`,
      { mode: 0o755 },
    );
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const environment = { ...(await environmentIn(folder)), PORT: '0', LOG_LEVEL: 'silent' };
  await expect(startServer(readConfig({ ...environment, BACKUP_SCHEDULE: '0 3 * * *' }))).rejects.toThrow(
    /^BACKUP_SCHEDULE is set, but backups cannot be made\. pg_dump 99\.1 .* cannot read .*: no such library$/,
  );
});

test('[T061] without a suitable pg_dump, a backup prints the required version and how to install it', async () => {
  await expect(findClient(99)).rejects.toThrow(/needs pg_dump 99 or newer|pg_dump is not installed/);
  await expect(findClient(99)).rejects.toThrow(/(apt-get|brew) install postgresql/);
});

test('[T061] an invalid cron expression and an invalid folder are rejected with a hint', async () => {
  expect(() => readConfig({ BACKUP_SCHEDULE: 'every night' })).toThrow(
    'BACKUP_SCHEDULE: must be a cron expression',
  );
  const file = join(await scratchFolder(), 'file');
  await writeFile(file, '');
  const environment = await environmentIn(join(file, 'backups'));
  await expect(
    startServer(readConfig({ ...environment, PORT: '0', BACKUP_SCHEDULE: '99 * * * *' })),
  ).rejects.toThrow('BACKUP_SCHEDULE: ');
  expect(await ops('backup', [], environment)).toMatchObject({
    code: 1,
    output: expect.stringContaining(`Cannot write backups to ${file}/backups`) as string,
  });
  expect(await ops('backup', ['--keep-days', '0'], environment)).toMatchObject({ code: 2 });
});

const CREDENTIALS = 'email: "ada@example.com", password: "correct horse battery"';
const SIGN_IN = `mutation { signIn(input: { ${CREDENTIALS} }) { viewer { name } } }`;

async function signUpAt(url: string): Promise<string> {
  const document = `mutation { signUp(input: { name: "Ada", ${CREDENTIALS} }) { token } }`;
  return (await ask<{ signUp: { token: string } }>(url, document)).signUp.token;
}

async function ask<Data>(url: string, document: string, token?: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query: document }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors?.[0]) throw new Error(errors[0].message);
  return data;
}

/** A disk of two megabytes; undefined if this user cannot mount one. */
async function smallDisk(): Promise<{ folder: string; fill: () => Promise<void> } | undefined> {
  const folder = await scratchFolder();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
  } catch {
    return undefined;
  }
  onTestFinished(async () => {
    await run('umount', [folder]);
  });
  return {
    folder,
    fill: async () => {
      await writeFile(join(folder, 'ballast'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
    },
  };
}
