// npm run drill:database
// Kills PostgreSQL repeatedly with `kill -9` under a constant load of writes. The server keeps running and recovers soon
// after the database; every acknowledged write exists once, and every follower gets it once.
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyCounters } from '../../server/counters/verify.ts';
import { openSession } from '../../server/database/session.ts';
import { publicId } from '../../server/ids.ts';
import { Crowd, type Delivery } from './crowd.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  followers: number;
  kills: number;
  writesPerSecond: number;
  /** Seconds of load before each kill, and of downtime after it. */
  seconds: { between: number; away: number };
}

export interface DatabaseReport {
  acknowledged: number;
  delivery: Delivery;
  /** Acknowledged writes that do not exist. */
  lost: number;
  /** Duplicate rows and events. */
  doubled: number;
  miscounted: number;
  /** Error codes during the downtime, with their counts. */
  refused: Record<string, number>;
  broken: number;
  /** Whether /healthz was 200 and /readyz 503 during each downtime. */
  aliveThroughout: boolean;
  /** For each kill, milliseconds from the database's restart until the server was ready and writing again. */
  normalAfterMs: number[];
}

/** This number of acknowledged writes shows that writing works again. */
const AS_USUAL = 20;
const NORMAL_WITHIN_MS = 60_000;

export async function killDatabase({
  followers,
  kills,
  writesPerSecond,
  seconds,
}: Drill): Promise<DatabaseReport> {
  const postgres = await ownPostgres();
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_POINTS: '0',
    DATABASE_URL: postgres.url,
    AUTH_SECRET: 's'.repeat(32),
  });
  const statusOf = async (path: string) => (await fetch(`${server.url}${path}`)).status;
  let crowd: Crowd | undefined;
  try {
    const user = await signUp(server.url);
    crowd = await Crowd.gather(server.url, user, followers);
    const writes = new Writes(user, { perSecond: writesPerSecond, retrying: true });
    const normalAfterMs: number[] = [];
    let aliveThroughout = true;
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(seconds.between * 1000);
      await postgres.kill();
      await sleep(seconds.away * 1000);
      aliveThroughout &&= (await statusOf('/healthz')) === 200 && (await statusOf('/readyz')) === 503;
      await postgres.start();
      const backAt = Date.now();
      const before = writes.acknowledged.length;
      while (writes.acknowledged.length < before + AS_USUAL || (await statusOf('/readyz')) !== 200) {
        if (Date.now() > backAt + NORMAL_WITHIN_MS) throw new Error('The server did not recover in time.');
        await sleep(10);
      }
      normalAfterMs.push(Date.now() - backAt);
    }
    await writes.end();
    return {
      acknowledged: writes.acknowledged.length,
      delivery: await crowd.compare(user),
      ...(await compare(postgres.url, writes.acknowledged)),
      refused: Object.fromEntries(writes.refused),
      broken: writes.broken.length + writes.unreachable,
      aliveThroughout,
      normalAfterMs,
    };
  } finally {
    crowd?.stop();
    await server.stop();
    await postgres.remove();
  }
}

async function compare(url: string, acknowledged: string[]) {
  await using client = await openSession(url, { application_name: 'taskwire drill' });
  const { rows } = await client.query<{ id: string; events: number }>(
    `SELECT tasks.id, count(events.sequence)::int AS events
     FROM tasks LEFT JOIN events ON subject_id = tasks.id AND kind = 'task.created' GROUP BY 1`,
  );
  const there = new Map(rows.map(({ id, events }) => [publicId('Task', id), events]));
  return {
    // A task without its event counts as lost.
    lost: acknowledged.filter((id) => !there.get(id)).length,
    doubled: rows.length - new Set(acknowledged).size + rows.filter(({ events }) => events > 1).length,
    miscounted: (await verifyCounters(client)).length,
  };
}

if (import.meta.main) {
  const report = await killDatabase({
    followers: 50,
    kills: 5,
    writesPerSecond: 200,
    seconds: { between: 3, away: 1 },
  });
  console.log(JSON.stringify(report, null, 2));
  const isGood =
    report.lost + report.doubled + report.miscounted + report.broken === 0 &&
    report.delivery.missed + report.delivery.repeated === 0 &&
    report.aliveThroughout &&
    Object.keys(report.refused).every((code) => code === 'UNAVAILABLE') &&
    Math.max(...report.normalAfterMs) <= 5_000;
  process.exitCode = isGood ? 0 : 1;
}
