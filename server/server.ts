import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAuth } from './auth/auth.ts';
import { createCredentials } from './auth/credentials.ts';
import type { Gate } from './auth/sign-in.ts';
import { ConfigError, type Config } from './config.ts';
import { connect, disconnect } from './database/client.ts';
import { startEmbedded, type EmbeddedDatabase } from './database/embedded.ts';
import { applyMigrations } from './database/migrations.ts';
import { createLog } from './log.ts';
import { createRequestListener, starting } from './transports/http.ts';

export interface RunningServer {
  /** Where people reach it. */
  url: string;
  /** Tells why when the embedded database has ended by itself; the server is of no use then. */
  databaseDied: Promise<string>;
  /** Finishes what is under way, then closes everything that was opened. Calling it again waits for the same end. */
  stop(): Promise<void>;
}

/** Connections that are still busy after this are cut. */
const GRACE_MS = 10_000;

/**
 * Brings everything up: the port, the database, the migrations, the API.
 * @throws ConfigError, StartFailure with a sentence for whoever started it; nothing is left open then.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const closing: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= closeAll(closing));
  try {
    const log = createLog(config.logLevel);
    // Ahead of the port: of two starts on one folder, the second must hear of the folder.
    const database = config.databaseUrl
      ? externalDatabase(config.databaseUrl)
      : await startEmbedded(config.dataDir);
    closing.push(() => database.stop());
    const server = createServer(starting);
    await listen(server, config);
    closing.push(() => closeServer(server));
    const url = config.publicUrl ?? urlOf(server);

    await applyMigrations(database.url);
    const db = connect(database.url, {
      poolSize: config.databasePoolSize,
      onConnectionLost: (error) => {
        log.warn({ err: error }, 'lost a connection to the database');
      },
    });
    closing.push(() => disconnect(db));

    const auth = createAuth({
      db,
      log,
      secret: config.authSecret ?? (await keptSecret(config.dataDir)),
      publicUrl: url,
      onSessionEnd: (sessionId) => {
        gate.credentials.forget(sessionId);
      },
    });
    const gate: Gate = {
      db,
      auth,
      credentials: createCredentials(db, auth),
      adminEmails: new Set(config.adminEmails),
    };
    server.removeListener('request', starting).on('request', createRequestListener(gate, log, url));
    return { url, databaseDied: database.died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A database that somebody else starts and stops; queries fail while it is away, and work again once it is back. */
function externalDatabase(url: string): EmbeddedDatabase {
  return { url, died: new Promise(() => undefined), stop: () => Promise.resolve() };
}

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `Port ${port} of ${host} is taken. Stop what listens there, or set PORT to another.`,
      );
    }
    throw new ConfigError(`Cannot listen on ${host}:${port} (${code}). Check HOST and PORT.`);
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** The secret that was made at the first start; whoever can read it can sign sessions. */
async function keptSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'auth-secret');
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    },
  );
  return readFile(file, 'utf8');
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, GRACE_MS);
  await closed;
  clearTimeout(cut);
}

/** Closes in the opposite order of opening; what fails to close does not keep the rest open. */
async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close().catch(() => undefined);
}
