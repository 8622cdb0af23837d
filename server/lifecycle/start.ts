import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { unverifiedOf } from '../auth/account.ts';
import { checkSchedule, scheduleBackups } from '../backup/schedule.ts';
import { ConfigError, type Config } from '../config.ts';
import { startChecking } from '../counters/check.ts';
import { startFolding } from '../counters/folder.ts';
import { countUncounted } from '../counters/rebuild.ts';
import { connect, disconnect, type Database } from '../database/client.ts';
import { startEmbedded } from '../database/embedded.ts';
import { externalDatabase } from '../database/external.ts';
import { applyMigrations } from '../database/migrations.ts';
import { openPooler } from '../database/pooler.ts';
import { setStorageQuota } from '../domain/quota.ts';
import { openEpochElsewhere } from '../log/epoch.ts';
import { ReplicaWatch } from '../log/replica-watch.ts';
import { startTrimming } from '../log/retention.ts';
import { closeAll } from './close-all.ts';
import { RequestDrain } from './drain.ts';
import { storedSecret } from '../auth/secret.ts';
import { createBudget } from '../limits/budgets.ts';
import { RequestBudget } from '../limits/request-budget.ts';
import { openRedis } from '../limits/redis.ts';
import { createInvitationLimits } from '../limits/invitation-limits.ts';
import { createOauthLimits } from '../limits/oauth-limits.ts';
import { createSignInLimits } from '../limits/sign-in-limits.ts';
import { createLogger, type Logger } from '../logger.ts';
import { PerformanceStore } from '../observability/store.ts';
import { redisNamespace } from '../redis-namespace.ts';
import { currentRequest } from '../request-context.ts';
import { startRewriting } from '../search/rewrite.ts';
import { adoptTimezones } from '../sql/timezone.ts';
import { TimedResponse } from '../http/response-time.ts';

export interface RunningServer {
  url: string;
  port: number;
  /** @param noticeMs how long to serve while `/readyz` reports "not ready", for load balancers. */
  stop(noticeMs?: number): Promise<void>;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const MINUTE_SECONDS = 60;

/** Clients that send headers or a request more slowly are disconnected. */
const RECEIVING = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 };
/** Clients that read nothing for this long are disconnected; event streams send pings more often. */
const READING_MS = 30_000;

/** Requests that take longer are aborted. */
const GRACE_MS = 8_000;
const LAST_WORD_MS = 200;

/** @throws ConfigError, StartFailure with a message for the operator; nothing stays open. */
export async function startServer(config: Config): Promise<RunningServer> {
  const log = createLogger(config.logLevel);
  const identity = { version, pid: process.pid, worker: cluster.worker?.id };
  const closing: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;
  const server = createServer({ ...RECEIVING, ServerResponse: TimedResponse }).setTimeout(READING_MS);
  const drain = new RequestDrain(server);
  const leave = async (noticeMs: number) => {
    log.info(identity, 'stopping');
    drain.leave();
    if (noticeMs > 0) await sleep(noticeMs);
    await closeAll(closing);
    log.info(identity, 'stopped');
  };
  const stop = (noticeMs = 0) => (stopped ??= leave(noticeMs));
  try {
    log.info({ ...identity, node: process.version }, 'starting');
    if (config.backupSchedule) await checkSchedule(config.backupSchedule);
    // Before the port: the second start on a data directory must report the directory.
    const database = config.databaseUrl
      ? externalDatabase(config.databaseUrl)
      : await startEmbedded(config.dataDir, {
          afterStart() {
            loadApi().catch(() => undefined);
          },
          onTrouble: (sentence) => log.error({ part: 'database' }, sentence),
        });
    closing.push(() => database.stop());
    closing.push(() => closeServer(server));
    const listensLate = sharesPort && config.publicUrl !== undefined;
    if (!listensLate) await listen(server, config);
    const url = config.publicUrl ?? urlOf(server);

    await applyMigrations(database.url);
    if (config.backupSchedule) closing.push(await scheduleBackups(config, config.backupSchedule, log));
    const store = new PerformanceStore({ log, slowMs: config.slowMs });
    const pooler = config.poolerUrl ? await openPooler(config.poolerUrl, database.url) : undefined;
    const replica = config.replicaUrl
      ? new ReplicaWatch(database.url, config.replicaUrl, (err) => {
          log.warn({ err }, 'the replica is not reachable; the primary answers queries');
        })
      : undefined;
    if (replica) closing.push(() => replica.stop());
    const db = connect(pooler?.url ?? database.url, {
      pooler,
      replica,
      onStatement: (text) => store.statementStarted(text),
      askerOf: () => currentRequest()?.requester,
      poolSize: config.databasePoolSize,
      perPerson: config.databaseStatementsPerPerson,
      onConnectionLost: (error) => {
        log.warn({ err: error }, 'lost a connection to the database');
      },
    });
    closing.push(() => disconnect(db));
    setStorageQuota(db, config.storageQuota);
    if (config.otlpEndpoint) {
      // Loaded on demand, since most servers do not use it.
      const telemetry = (await import('../observability/telemetry.ts')).startTelemetry(db);
      store.observer = telemetry.observer;
      closing.push(telemetry.stop);
    }
    if (await openEpochElsewhere(database.url))
      log.warn(
        'the log comes from another PostgreSQL cluster; a new epoch starts and earlier cursors expire',
      );
    const lostTimezones = await adoptTimezones(database.url);
    if (lostTimezones.length > 0)
      log.warn(
        { timezones: lostTimezones },
        'PostgreSQL does not know these time zones; their users were set to UTC',
      );
    await countUncounted(database.url, (progress) => {
      log.info(progress, 'building the counters of existing tasks');
    });
    const folder = startFolding(database.url, log);
    closing.push(() => folder.stop());
    closing.push(startChecking(database.url, log));
    closing.push(startTrimming(db, config.eventRetentionDays, log));
    closing.push(startRewriting(db, log));

    if ((cluster.worker?.id ?? 1) === 1) await warnOfUnverified(db, config.adminEmails, log);

    const secret = config.authSecret ?? (await storedSecret(config.dataDir));
    const namespace = redisNamespace(secret);
    const redis = config.redisUrl ? { client: await openRedis(config.redisUrl, log), namespace } : undefined;
    closing.push(() => Promise.resolve(redis?.client.disconnect()));

    const { createApi } = await loadApi();
    const api = await createApi({
      db,
      databaseUrl: database.url,
      log,
      secret,
      publicUrl: url,
      allowedOrigins: config.allowedOrigins,
      adminEmails: config.adminEmails,
      signUps: config.signUps,
      socketLimits: config.socketLimits,
      connectionLimits: config.connectionLimits,
      mostSubscriptions: config.mostSubscriptions,
      webhookAllow: config.webhookAllow,
      assistant: config.assistant,
      redis: config.redisUrl ? { url: config.redisUrl, channel: namespace.nameOf('events') } : undefined,
      monitoring: {
        store,
        sampleRate: config.traceSampleRate,
        backupDir: config.backupDir,
        token: config.metricsToken,
      },
      limits: {
        operations: createBudget('operations', config.rateLimitPoints, MINUTE_SECONDS, redis),
        requests: new RequestBudget(config.rateLimitRequests),
        signIn: createSignInLimits(config.signInAttempts, redis),
        invitations: createInvitationLimits(config.invitationsPerHour, redis),
        oauth: createOauthLimits(redis),
        requestsPerAddress: config.requestsPerAddress,
        proxies: config.trustProxy,
      },
      hasGraphiql: config.hasGraphiql,
      hasOauth: config.hasOauth,
      oauthClientHosts: config.oauthClientHosts,
    });
    closing.push(() => api.close());
    // Before everything that running requests need.
    closing.push(async () => {
      const finished = Promise.all([drain.shut(), api.endStreams(GRACE_MS)]);
      await Promise.race([finished, sleep(GRACE_MS, undefined, { ref: false })]);
      await closeServer(server);
    });
    drain.open(server, api.answer, api.upgrade);
    // The system distributes connections to all listening workers, ready or not.
    if (listensLate) await listen(server, config);
    const { port } = server.address() as AddressInfo;
    log.info({ ...identity, url, port }, 'started');
    return { url, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function warnOfUnverified(db: Database, adminEmails: readonly string[], log: Logger): Promise<void> {
  const unverified = await unverifiedOf(db, adminEmails);
  if (unverified.length === 0) return;
  log.warn(
    `ADMIN_EMAILS names addresses without a verified account: ${unverified.join(', ')}. Once their owners have signed up, run: npm run account -- verify <address>`,
  );
}

/** Loading takes longer than starting PostgreSQL, so both run at the same time. */
const loadApi = () => import('../app.ts');

/** On Linux, workers listen themselves: the primary process would lose connections to an ended worker. */
const sharesPort = cluster.isWorker && process.platform === 'linux';

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen({ port, host, reusePort: sharesPort });
  await once(server, 'listening').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `Port ${port} on ${host} is already in use. Stop the other process, or set PORT to another port.`,
      );
    }
    throw new ConfigError(`Cannot listen on ${host}:${port} (${code}). Check HOST and PORT.`);
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  // Connections accepted at the last moment still get a response.
  await Promise.race([closed, sleep(LAST_WORD_MS)]);
  server.closeAllConnections();
  await closed;
}
