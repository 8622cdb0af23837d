import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirUnusable, SecretDamaged } from '../database/start-failure.ts';

export const SECRET_FILE = 'auth-secret';
/** Shorter content can result from a full disk or a power failure. */
const FEWEST_CHARACTERS = 32;

/** @throws StartFailure if the directory or the stored secret is unusable. */
export async function storedSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, SECRET_FILE);
  const secret = await readOrMake(file, dataDir).catch((error: unknown) => {
    throw new DataDirUnusable(dataDir, error);
  });
  if (secret.trim().length < FEWEST_CHARACTERS) throw new SecretDamaged(file);
  return secret;
}

async function readOrMake(file: string, dataDir: string): Promise<string> {
  return readFile(file, 'utf8').catch(async (error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    // Containers can have the same process id.
    const draft = `${file}.${randomUUID()}`;
    try {
      await writeFile(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
      // Of concurrent starts, the first one's secret is used.
      await link(draft, file).catch((fault: unknown) => {
        if (!isCode(fault, 'EEXIST')) throw fault;
      });
    } finally {
      await rm(draft, { force: true });
    }
    return readFile(file, 'utf8');
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
