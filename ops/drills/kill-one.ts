// npm run drill:kill
// Ends one of two processes with `kill -9` while many follow what is written: everybody must be back soon, with nothing
// missed and nothing twice. On an embedded database, or on an empty one at DATABASE_URL.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import { startProcess } from './server-process.ts';
import { createdIn, signUp } from './workspace.ts';
import { Writes } from './writes.ts';

/** Writes a second. */
const WISHED = 200;

interface Drill {
  followers: number;
  writesPerSecond: number;
  seconds: number;
  environment?: NodeJS.ProcessEnv;
}

export interface KillReport {
  followers: number;
  /** How many tasks the log has in the end. */
  written: number;
  /** How many of those that were wished for were acknowledged each second. */
  writtenPerSecond: number;
  /** The longest that anybody waited for that, in milliseconds. */
  slowestWriteMs: number;
  /** How many followers were cut off. */
  cutOff: number;
  /** The longest that one of them was away, in milliseconds. */
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
    const somebody = await signUp(server.url);
    crowd = await Crowd.gather(server.url, somebody, followers);
    const writes = new Writes(somebody, { perSecond: writesPerSecond });
    await sleep((seconds * 1000) / 2);
    const [victim] = server.workers();
    if (victim === undefined) throw new Error('there is no worker to end');
    process.kill(victim, 'SIGKILL');
    await sleep((seconds * 1000) / 2);
    await writes.end();

    const { missed, repeated } = await crowd.compare(somebody);
    const away = crowd.followers.map(({ returns }) => Math.max(0, ...returns));
    return {
      followers,
      written: (await createdIn(somebody)).length,
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
  const report = await killOne({ followers: 500, writesPerSecond: WISHED, seconds: 10 });
  console.log(JSON.stringify(report, null, 2));
  if (report.writtenPerSecond < WISHED * 0.9)
    console.log(
      `The machine, under a load of ${loadavg()[0]?.toFixed(1)}, gave less than ${WISHED} writes a second.`,
    );
  const isGood = report.missed + report.repeated === 0 && report.cutOff > 0 && report.longestAwayMs < 10_000;
  process.exitCode = isGood ? 0 : 1;
}
