import { runningUrl, startEmbedded } from './embedded.ts';
import { DataDirInUse } from './start-failure.ts';

export interface OpenedDatabase {
  url: string;
  /** Whether a server that runs has this database open as well. */
  running: boolean;
  close(): Promise<void>;
}

/** The settings that say where the database is. */
interface Place {
  databaseUrl: string | undefined;
  dataDir: string;
}

/**
 * The database that `npm start` would use: the one at DATABASE_URL, or the embedded one, which is started unless
 * a server has it open.
 * @throws StartFailure
 */
export async function openDatabase({ databaseUrl, dataDir }: Place): Promise<OpenedDatabase> {
  if (databaseUrl) return { url: databaseUrl, running: false, close: () => Promise.resolve() };
  try {
    const embedded = await startEmbedded(dataDir);
    return { url: embedded.url, running: false, close: () => embedded.stop() };
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    const url = await runningUrl(dataDir);
    // Without an address the lock's own refusal says all there is to say.
    if (!url) throw error;
    return { url, running: true, close: () => Promise.resolve() };
  }
}
