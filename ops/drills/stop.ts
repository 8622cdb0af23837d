// npm run drill:stop
// Stops a server of two processes with SIGTERM under load: accepted requests are answered, followers are disconnected
// gradually, and no acknowledged write is lost.
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
  seconds: number;
  environment?: NodeJS.ProcessEnv;
}

export interface StopReport {
  /** Acknowledged writes, and those missing after the next start. */
  answered: number;
  lost: number;
  /** Writes refused with UNAVAILABLE, and those that failed otherwise. */
  refused: number;
  failed: number;
  /** Writes sent before the first refusal that lost their connection. */
  broken: number;
  /** Milliseconds from the signal until `/readyz` was 503. */
  notReadyAfterMs: number;
  /** Milliseconds from the signal until the process exited. */
  endedAfterMs: number;
  exitCode: number | null;
  /** Counts by close code. */
  closeCodes: Record<number, number>;
  /** Milliseconds between the first and the last close. */
  closingMs: number;
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
    const [user, other] = await Promise.all([signUp(server.url), signUp(server.url)]);
    crowd = await Crowd.gather(server.url, other, followers);
    const writes = new Writes(user, { perSecond: writesPerSecond });
    await sleep(seconds * 1000);

    const askedAt = Date.now();
    const ended = server.stop();
    const notReadyAfterMs = (await notReady(server.url)) - askedAt;
    const exitCode = await ended;
    const endedAfterMs = Date.now() - askedAt;
    crowd.stop();
    await writes.end();
    const closeCodes = crowd.followers.flatMap((follower) => follower.closeCodes.slice(0, 1));

    server = await startProcess({ ...settings, PORT: new URL(server.url).port });
    const there = new Set((await createdIn(user)).map(({ task }) => task?.id));
    const { UNAVAILABLE = 0, ...others } = Object.fromEntries(writes.refused);
    return {
      answered: writes.acknowledged.length,
      lost: writes.acknowledged.filter((id) => !there.has(id)).length,
      refused: UNAVAILABLE,
      failed: Object.values(others).reduce((sum, count) => sum + count, 0),
      broken: writes.broken.filter((sentAt) => sentAt < writes.refusedFrom).length,
      notReadyAfterMs,
      endedAfterMs,
      exitCode,
      closeCodes: Object.fromEntries(
        Map.groupBy(closeCodes, ({ code }) => code)
          .entries()
          .map(([code, some]) => [code, some.length]),
      ),
      closingMs: Math.max(...closeCodes.map(({ at }) => at)) - Math.min(...closeCodes.map(({ at }) => at)),
    };
  } finally {
    crowd?.stop();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** @returns when `/readyz` was 503 for the first time. */
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
    Object.keys(report.closeCodes).join() === '1001';
  process.exitCode = isGood ? 0 : 1;
}
