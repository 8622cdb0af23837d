import { notedServerUrl } from './data-dir-lock.ts';
import { runningUrl, startEmbedded } from './embedded.ts';
import { primaryIn } from './servers.ts';
import { DataDirInUse, DatabaseUnreachable } from './start-failure.ts';

export interface OpenedDatabase {
  url: string;
  serverUrl: string;
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

/** Starts the embedded database unless a server already runs it. @throws StartFailure */
export async function openDatabase(place: Place): Promise<OpenedDatabase> {
  const { databaseUrl, dataDir, host, port } = place;
  const serverUrl = place.publicUrl ?? `http://${host}:${port}`;
  if (databaseUrl) {
    const url = await primaryIn(databaseUrl).catch((error: unknown) => {
      throw new DatabaseUnreachable(databaseUrl, error);
    });
    return { url, serverUrl, running: false, close: () => Promise.resolve() };
  }
  try {
    const embedded = await startEmbedded(dataDir);
    return { url: embedded.url, serverUrl, running: false, close: () => embedded.stop() };
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    const url = await runningUrl(dataDir);
    if (!url) throw error;
    return {
      url,
      serverUrl: notedServerUrl(dataDir) ?? serverUrl,
      running: true,
      close: () => Promise.resolve(),
    };
  }
}
