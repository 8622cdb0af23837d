// npm run drill:stop
// Asks a server of two processes to end, by SIGTERM, while many write and follow: each request that it has let in is
// answered, everybody is sent away in order, and nothing that was answered is missing afterwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import { startProcess } from './server-process.ts';
import { createdIn, signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  followers: number;
  writesPerSecond: number;
  /** How long the load lasts before the server is asked to end. */
  seconds: number;
  environment?: NodeJS.ProcessEnv;
}

export interface StopReport {
  /** Writes that were answered, and of those, how many are missing after the next start. */
  answered: number;
  lost: number;
  /** Writes that were sent away with UNAVAILABLE, and that got an error of another kind. */
  sentAway: number;
  failed: number;
  /** Writes that were sent before anybody was sent away, and whose connection broke before the answer. */
  broken: number;
  /** Milliseconds from the signal until `/readyz` said no. */
  notReadyAfterMs: number;
  /** Milliseconds from the signal to the end of the process. */
  endedAfterMs: number;
  exitCode: number | null;
  /** The codes with which sockets were closed, with how often. */
  farewells: Record<number, number>;
  /** Milliseconds between the first farewell and the last. */
  farewellsLastedMs: number;
}

export async function stopUnderLoad({
  followers,
  writesPerSecond,
  seconds,
  environment,
}: Drill): Promise<StopReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-stop-'));
  const settings = {
    LOG_LEVEL: 'silent',
    SOCKETS_PER_PERSON: '100000',
    SUBSCRIPTIONS_PER_PERSON: '100000',
    SOCKETS_PER_ADDRESS: '100000',
    RATE_LIMIT_POINTS: '0',
    DATA_DIR: dataDir,
    WORKERS: '2',
    ...environment,
  };
  let crowd: Crowd | undefined;
  let server = await startProcess(settings);
  try {
    const [somebody, other] = await Promise.all([signUp(server.url), signUp(server.url)]);
    crowd = await Crowd.gather(server.url, other, followers);
    const writes = new Writes(somebody, { perSecond: writesPerSecond });
    await sleep(seconds * 1000);

    const askedAt = Date.now();
    const ended = server.stop();
    const notReadyAfterMs = (await notReady(server.url)) - askedAt;
    const exitCode = await ended;
    const endedAfterMs = Date.now() - askedAt;
    crowd.stop();
    await writes.end();
    const farewells = crowd.followers.flatMap((follower) => follower.farewells.slice(0, 1));

    server = await startProcess({ ...settings, PORT: new URL(server.url).port });
    const there = new Set((await createdIn(somebody)).map(({ task }) => task?.id));
    const { UNAVAILABLE = 0, ...others } = Object.fromEntries(writes.refused);
    return {
      answered: writes.acknowledged.length,
      lost: writes.acknowledged.filter((id) => !there.has(id)).length,
      sentAway: UNAVAILABLE,
      failed: Object.values(others).reduce((sum, count) => sum + count, 0),
      broken: writes.broken.filter((sentAt) => sentAt < writes.refusedFrom).length,
      notReadyAfterMs,
      endedAfterMs,
      exitCode,
      farewells: Object.fromEntries(
        Map.groupBy(farewells, ({ code }) => code)
          .entries()
          .map(([code, some]) => [code, some.length]),
      ),
      farewellsLastedMs:
        Math.max(...farewells.map(({ at }) => at)) - Math.min(...farewells.map(({ at }) => at)),
    };
  } finally {
    crowd?.stop();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** @returns when the server that is to end said for the first time that it is not ready, while it still answered. */
async function notReady(url: string): Promise<number> {
  for (;;) {
    const { status } = await fetch(`${url}/readyz`);
    if (status === 503) return Date.now();
    await sleep(10);
  }
}

if (import.meta.main) {
  const report = await stopUnderLoad({ followers: 1000, writesPerSecond: 200, seconds: 5 });
  console.log(JSON.stringify(report, null, 2));
  const isGood =
    report.broken + report.failed + report.lost === 0 &&
    report.exitCode === 0 &&
    report.endedAfterMs < 15_000 &&
    Object.keys(report.farewells).join() === '1001';
  process.exitCode = isGood ? 0 : 1;
}
