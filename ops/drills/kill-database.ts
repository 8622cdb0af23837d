// npm run drill:database
// Ends PostgreSQL by `kill -9` again and again under a steady load of writes: the server lives on and is itself again
// soon after the database is, and everything that it has acknowledged is there once, and was told once to everybody who
// follows.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { verifyCounters } from '../../server/counters/verify.ts';
import { publicId } from '../../server/ids.ts';
import { Crowd, type Told } from './crowd.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  followers: number;
  kills: number;
  writesPerSecond: number;
  /** How long the load lasts before each kill, and the database is away after it. */
  seconds: { between: number; away: number };
}

export interface DatabaseReport {
  acknowledged: number;
  told: Told;
  /** Writes that were acknowledged and are not there. */
  lost: number;
  /** Rows and events that are there more often than they were asked for. */
  doubled: number;
  /** Counters that differ from the tasks in the end. */
  miscounted: number;
  /** How often which code was the answer while the database was away. */
  refused: Record<string, number>;
  /** Writes that got no answer at all. */
  broken: number;
  /** Whether the process answered for itself each time that the database was away, and said that it is not ready. */
  aliveThroughout: boolean;
  /** Milliseconds from the database's return until the server was ready and wrote as usual, of each kill. */
  normalAfterMs: number[];
}

/** So many acknowledged writes show that writing goes on. */
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
    const somebody = await signUp(server.url);
    crowd = await Crowd.gather(server.url, somebody, followers);
    const writes = new Writes(somebody, { perSecond: writesPerSecond, insisting: true });
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
        if (Date.now() > backAt + NORMAL_WITHIN_MS) throw new Error('the server does not come back');
        await sleep(10);
      }
      normalAfterMs.push(Date.now() - backAt);
    }
    await writes.end();
    return {
      acknowledged: writes.acknowledged.length,
      told: await crowd.compare(somebody),
      ...(await compare(postgres.url, writes.acknowledged)),
      refused: Object.fromEntries(writes.refused),
      broken: writes.broken.length + writes.unmet,
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
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; events: number }>(
      `SELECT tasks.id, count(events.sequence)::int AS events
       FROM tasks LEFT JOIN events ON subject_id = tasks.id AND kind = 'task.created' GROUP BY 1`,
    );
    const there = new Map(rows.map(({ id, events }) => [publicId('Task', id), events]));
    return {
      // Without its event it is as good as lost.
      lost: acknowledged.filter((id) => !there.get(id)).length,
      doubled: rows.length - new Set(acknowledged).size + rows.filter(({ events }) => events > 1).length,
      miscounted: (await verifyCounters(client)).length,
    };
  } finally {
    await client.end();
  }
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
    report.told.missed + report.told.repeated === 0 &&
    report.aliveThroughout &&
    Object.keys(report.refused).every((code) => code === 'UNAVAILABLE') &&
    Math.max(...report.normalAfterMs) <= 5_000;
  process.exitCode = isGood ? 0 : 1;
}
