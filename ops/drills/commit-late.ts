// npm run drill:late
// Transactions write to the log and commit much later, while others continue: every follower gets every event once. Uses
// an empty database at DATABASE_URL, or its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { openSession } from '../../server/database/session.ts';
import { uuidOf } from '../../server/ids.ts';
import { Crowd, type Delivery } from './crowd.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  databaseUrl: string;
  followers: number;
  writesPerSecond: number;
  /** The number of late transactions, one after the other, and how long each stays open. */
  late: { times: number; seconds: number };
}

export interface LateReport {
  written: number;
  late: number;
  delivery: Delivery;
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
  let crowd: Crowd | undefined;
  try {
    await using client = await openSession(databaseUrl, { application_name: 'taskwire drill' });
    const user = await signUp(server.url);
    const { viewer } = await user.query<{ viewer: { id: string } }>('{ viewer { id } }');
    crowd = await Crowd.gather(server.url, user, followers);
    const writes = new Writes(user, { perSecond: writesPerSecond });
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
      delivery: await crowd.compare(user),
    };
  } finally {
    crowd?.stop();
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
  process.exitCode = report.delivery.missed + report.delivery.repeated === 0 ? 0 : 1;
}
