// npm run drill:kill
// Kills one of two processes with `kill -9` during writes: all followers must reconnect soon and get every event once. Uses
// an embedded database, or an empty one at DATABASE_URL.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import { startProcess } from './server-process.ts';
import { createdIn, signUp } from './workspace.ts';
import { Writes } from './writes.ts';

const TARGET_RATE = 200;

interface Drill {
  followers: number;
  writesPerSecond: number;
  seconds: number;
  environment?: NodeJS.ProcessEnv;
}

export interface KillReport {
  followers: number;
  written: number;
  /** Acknowledged writes per second. */
  writtenPerSecond: number;
  /** Milliseconds. */
  slowestWriteMs: number;
  cutOff: number;
  /** Milliseconds. */
  longestAwayMs: number;
  missed: number;
  repeated: number;
}

export async function killOne({
  followers,
  writesPerSecond,
  seconds,
  environment,
}: Drill): Promise<KillReport> {
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    SOCKETS_PER_PERSON: '100000',
    SUBSCRIPTIONS_PER_PERSON: '100000',
    SOCKETS_PER_ADDRESS: '100000',
    RATE_LIMIT_POINTS: '0',
    WORKERS: '2',
    ...environment,
  });
  let crowd: Crowd | undefined;
  try {
    const user = await signUp(server.url);
    crowd = await Crowd.gather(server.url, user, followers);
    const writes = new Writes(user, { perSecond: writesPerSecond });
    await sleep((seconds * 1000) / 2);
    const [victim] = server.workers();
    if (victim === undefined) throw new Error('The server has no worker to kill.');
    process.kill(victim, 'SIGKILL');
    await sleep((seconds * 1000) / 2);
    await writes.end();

    const { missed, repeated } = await crowd.compare(user);
    const away = crowd.followers.map(({ returns }) => Math.max(0, ...returns));
    return {
      followers,
      written: (await createdIn(user)).length,
      writtenPerSecond: writes.perSecond(),
      slowestWriteMs: writes.slowestMs,
      cutOff: away.filter((ms) => ms > 0).length,
      longestAwayMs: Math.max(...away),
      missed,
      repeated,
    };
  } finally {
    crowd?.stop();
    await server.stop();
  }
}

if (import.meta.main) {
  const report = await killOne({ followers: 500, writesPerSecond: TARGET_RATE, seconds: 10 });
  console.log(JSON.stringify(report, null, 2));
  if (report.writtenPerSecond < TARGET_RATE * 0.9)
    console.log(
      `This machine (load ${loadavg()[0]?.toFixed(1)}) did not reach ${TARGET_RATE} writes per second.`,
    );
  const isGood = report.missed + report.repeated === 0 && report.cutOff > 0 && report.longestAwayMs < 10_000;
  process.exitCode = isGood ? 0 : 1;
}
