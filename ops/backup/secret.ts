import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../server/config.ts';
import { SECRET_FILE } from '../../server/auth/secret.ts';
import type { Manifest } from './manifest.ts';

type Secret = Manifest['secret'];

export async function secretOf({ authSecret, dataDir }: Config): Promise<Secret> {
  if (authSecret) return { fingerprint: fingerprint(authSecret), kept: null };
  const kept = await readFile(join(dataDir, SECRET_FILE), 'utf8').catch(() => null);
  return { fingerprint: kept && fingerprint(kept), kept };
}

/** What happens to sessions after a restore; `lost` if the secret of the backup is not available. */
export type Sessions = 'unchanged' | 'secret-restored' | 'lost';

export async function sessionsAfter(config: Config, backup: Secret): Promise<Sessions> {
  const now = await secretOf(config);
  if (backup.fingerprint === null || backup.fingerprint === now.fingerprint) return 'unchanged';
  return !config.authSecret && backup.kept !== null ? 'secret-restored' : 'lost';
}

export async function putBack({ dataDir }: Config, { kept }: Secret): Promise<void> {
  if (kept === null) return;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, SECRET_FILE);
  await writeFile(`${file}.new`, kept, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

function fingerprint(secret: string): string {
  return createHash('sha256').update(`taskwire backup ${secret}`).digest('hex').slice(0, 16);
}
