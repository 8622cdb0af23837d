import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { send } from '../../../ops/drills/workspace.ts';
import { storedSecret } from '../../../server/auth/secret.ts';
import { freshDatabase } from '../../kit/database.ts';
import { scratchFolder } from '../../kit/ops.ts';
import { startTestServer } from '../../kit/server.ts';

vi.setConfig({ testTimeout: 60_000 });

const PERSON = 'email: "ada@example.com", password: "correct horse battery"';
const SIGN_UP = `mutation { session: signUp(input: { name: "Ada", ${PERSON} }) { token } }`;
const SIGN_IN = `mutation { session: signIn(input: { ${PERSON} }) { token } }`;

interface Answer {
  data?: { session: { token: string } };
  errors?: { extensions: { code: string } }[];
}

async function ask(url: string, query: string, token?: string): Promise<Answer> {
  return (await (await send(url, token, query)).json()) as Answer;
}

test('a server with a new secret ends all sessions, and sign-in works again', async () => {
  const databaseUrl = await freshDatabase();
  const startWith = async (AUTH_SECRET: string, PORT = '0') => {
    const server = await startTestServer(databaseUrl, { AUTH_SECRET, PORT });
    onTestFinished(() => server.stop());
    return server;
  };
  const before = await startWith('a secret that has leaked to others');
  const token = (await ask(before.url, SIGN_UP)).data?.session.token;
  await before.stop();

  // A token contains the address of its server.
  const { url } = await startWith('a secret that has not leaked to others', new URL(before.url).port);
  expect(await ask(url, '{ viewer { name } }', token)).toMatchObject({
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  const again = (await ask(url, SIGN_IN)).data?.session.token;
  expect(await ask(url, '{ viewer { name } }', again)).toEqual({ data: { viewer: { name: 'Ada' } } });
});

test('a server with another secret than the running ones does not start, and sessions stay valid', async () => {
  const databaseUrl = await freshDatabase();
  const right = await startTestServer(databaseUrl);
  onTestFinished(() => right.stop());
  const token = (await ask(right.url, SIGN_UP)).data?.session.token;
  const wrong = startTestServer(databaseUrl, { AUTH_SECRET: 'a slip in one of two environment files' });
  await expect(wrong).rejects.toMatchObject({ code: 'SECRET_OF_OTHERS' });
  expect(await ask(right.url, '{ viewer { name } }', token)).toEqual({ data: { viewer: { name: 'Ada' } } });
  expect((await ask(right.url, SIGN_IN)).data?.session.token).toBeTruthy();
});

test('concurrent starts create one complete secret', async () => {
  const dataDir = join(await scratchFolder(), 'data');
  const made = await Promise.all([storedSecret(dataDir), storedSecret(dataDir)]);
  expect(new Set(made).size).toBe(1);
  expect(made[0]).toMatch(/^[\w-]{43}$/);
  expect(await readdir(dataDir)).toEqual(['auth-secret']);
  expect(await storedSecret(dataDir)).toBe(made[0]);
});

test('a truncated secret is rejected, and the file stays unchanged', async () => {
  const dataDir = await scratchFolder();
  const file = join(dataDir, 'auth-secret');
  for (const left of ['', 'half of it']) {
    await writeFile(file, left);
    await expect(storedSecret(dataDir)).rejects.toThrow(`${file} is damaged: it is too short`);
    expect(await readFile(file, 'utf8')).toBe(left);
  }
});

test('an unusable directory is named, with the fix', async () => {
  const file = join(await scratchFolder(), 'file');
  await writeFile(file, '');
  await expect(storedSecret(file)).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining('Make it a directory that this user can write to.') as string,
  });
});
