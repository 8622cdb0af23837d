import { notedServerUrl } from './data-dir-lock.ts';
import { runningUrl, startEmbedded } from './embedded.ts';
import { DataDirInUse } from './start-failure.ts';

export interface OpenedDatabase {
  url: string;
  /** The URL of the running server, or the one from the settings. */
  serverUrl: string;
  /** Whether a running server uses this database too. */
  running: boolean;
  close(): Promise<void>;
}

interface Place {
  databaseUrl: string | undefined;
  dataDir: string;
  publicUrl: string | undefined;
  host: string;
  port: number;
}

/**
 * Opens the database that `npm start` would use: the one at DATABASE_URL, or the embedded one, which is started
 * unless a server already runs it.
 * @throws StartFailure
 */
export async function openDatabase(place: Place): Promise<OpenedDatabase> {
  const { databaseUrl, dataDir, host, port } = place;
  const serverUrl = place.publicUrl ?? `http://${host}:${port}`;
  if (databaseUrl) return { url: databaseUrl, serverUrl, running: false, close: () => Promise.resolve() };
  try {
    const embedded = await startEmbedded(dataDir);
    return { url: embedded.url, serverUrl, running: false, close: () => embedded.stop() };
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    const url = await runningUrl(dataDir);
    // Without a URL, the error of the lock is sufficient.
    if (!url) throw error;
    return {
      url,
      serverUrl: notedServerUrl(dataDir) ?? serverUrl,
      running: true,
      close: () => Promise.resolve(),
    };
  }
}
