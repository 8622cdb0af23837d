// npm run drill:late
// Transactions write to the log and commit only much later, while others go on: none is skipped, and everybody who
// follows is told of everything once. On an empty database at DATABASE_URL, or on one of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { uuidOf } from '../../server/ids.ts';
import { Crowd, type Told } from './crowd.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  databaseUrl: string;
  followers: number;
  writesPerSecond: number;
  /** How many transactions, one after the other, and for how long each of them is open. */
  late: { times: number; seconds: number };
}

export interface LateReport {
  written: number;
  /** How many committed late. */
  late: number;
  told: Told;
}

export async function commitLate({
  databaseUrl,
  followers,
  writesPerSecond,
  late,
}: Drill): Promise<LateReport> {
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_POINTS: '0',
    WORKERS: '2',
    DATABASE_URL: databaseUrl,
    AUTH_SECRET: 's'.repeat(32),
  });
  const client = new Client({ connectionString: databaseUrl });
  let crowd: Crowd | undefined;
  try {
    await client.connect();
    const somebody = await signUp(server.url);
    const { viewer } = await somebody.query<{ viewer: { id: string } }>('{ viewer { id } }');
    crowd = await Crowd.gather(server.url, somebody, followers);
    const writes = new Writes(somebody, { perSecond: writesPerSecond });
    for (let n = 0; n < late.times; n += 1) {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO events (actor_id, kind, data) VALUES ($1, 'user.updated', '{"fields": []}')`,
        [uuidOf('User', viewer.id)],
      );
      await sleep(late.seconds * 1000);
      await client.query('COMMIT');
    }
    await writes.end();
    return {
      written: writes.acknowledged.length,
      late: late.times,
      told: await crowd.compare(somebody),
    };
  } finally {
    crowd?.stop();
    await client.end();
    await server.stop();
  }
}

if (import.meta.main) {
  const given = process.env['DATABASE_URL'];
  const postgres = given ? undefined : await ownPostgres();
  const report = await commitLate({
    databaseUrl: given ?? postgres?.url ?? '',
    followers: 50,
    writesPerSecond: 100,
    late: { times: 5, seconds: 3 },
  });
  await postgres?.remove();
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.told.missed + report.told.repeated === 0 ? 0 : 1;
}
