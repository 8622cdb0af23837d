import { notedServerUrl } from './data-dir-lock.ts';
import { runningUrl, startEmbedded } from './embedded.ts';
import { DataDirInUse } from './start-failure.ts';

export interface OpenedDatabase {
  url: string;
  /** Where people reach the server: as the running one noted it, or as the settings say. */
  serverUrl: string;
  /** Whether a server that runs has this database open as well. */
  running: boolean;
  close(): Promise<void>;
}

/** The settings that say where the database and the server are. */
interface Place {
  databaseUrl: string | undefined;
  dataDir: string;
  publicUrl: string | undefined;
  host: string;
  port: number;
}

/**
 * The database that `npm start` would use: the one at DATABASE_URL, or the embedded one, which is started unless
 * a server has it open.
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
    // Without an address the lock's own refusal says all there is to say.
    if (!url) throw error;
    return {
      url,
      serverUrl: notedServerUrl(dataDir) ?? serverUrl,
      running: true,
      close: () => Promise.resolve(),
    };
  }
}
