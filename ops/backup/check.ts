import type { Config } from '../../server/config.ts';
import { openDatabase } from '../../server/database/open.ts';
import { forProgram, inWords, withConnection } from './connection-url.ts';
import { findClient, run } from './programs.ts';
import { BackupRefused } from './refusal.ts';
import { DUMP_OPTIONS, makeFolder, serverVersion } from './write.ts';

/** @throws BackupRefused if pg_dump cannot read the schema, or the folder is not writable. */
export async function checkBackUp(config: Config, folder: string, signal: AbortSignal): Promise<void> {
  await makeFolder(folder);
  const database = await openDatabase(config);
  try {
    const { url } = database;
    const { major } = await withConnection(url, serverVersion);
    const programs = await findClient(major);
    const { address, env } = forProgram(url);
    const args = [...DUMP_OPTIONS, '--schema-only', '--file=/dev/null', `--dbname=${address}`];
    await run(programs.dump, args, { env, signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      const { message } = error as Error;
      throw new BackupRefused(
        `pg_dump ${programs.version} (${programs.dump}) cannot read ${inWords(url)}: ${message}`,
        { cause: error },
      );
    });
  } finally {
    await database.close();
  }
}
