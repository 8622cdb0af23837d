import type { Client } from 'pg';
import { hashPassword } from '../../server/auth/passwords.ts';
import { connect, disconnect } from '../../server/database/client.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { openSession } from '../../server/database/session.ts';
import { countDashboard, type DashboardCounts } from '../../server/sql/dashboard.ts';
import { viewerOf } from '../../server/sql/viewer.ts';
import { characters, lead, PASSWORD } from './people.ts';
import type { DemoPlan } from './demo.ts';
import { imagine } from './workspace.ts';
import { writePeople, writeTasks, type Written } from './write.ts';

export interface Filled extends Written {
  /** False if the demo existed; nothing is written then. */
  isNew: boolean;
  people: number;
  teams: number;
  /** The dashboard of the printed account. */
  dashboard: DashboardCounts;
}

export class FillingAlready extends Error {
  override readonly name = 'FillingAlready';
}

/** An advisory lock: only one process can fill the database. */
const LOCK = 0x7a5c_de30;

/**
 * Fills the database at `url` with the demo, unless it exists.
 * @param onProgress called after each transaction; returning false stops there.
 * @throws FillingAlready, StartFailure
 */
export async function fill(
  url: string,
  plan: DemoPlan,
  onProgress: (written: Written) => boolean = () => true,
): Promise<Filled> {
  await applyMigrations(url);
  await using client = await openSession(url, { application_name: 'taskwire demo' });
  const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [LOCK]);
  if (!rows[0]?.free) throw new FillingAlready('Another demo is being filled into this database.');
  const found = await findDemo(client);
  if (found) return { isNew: false, ...found, dashboard: await dashboardOf(url, found.leadId) };

  const { people, teams, conversations, tasks } = imagine(plan);
  await writePeople(client, people, teams, conversations, await hashPassword(PASSWORD));
  const written = await writeTasks(client, tasks(), onProgress);
  const { id = '' } = people.find(({ email }) => email === lead.email) ?? {};
  const dashboard = await dashboardOf(url, id);
  return { isNew: true, people: people.length, teams: teams.length, ...written, dashboard };
}

type Found = Omit<Filled, 'isNew' | 'dashboard'>;

async function findDemo(client: Client): Promise<(Found & { leadId: string }) | undefined> {
  const { rows } = await client.query<Found & { leadId: string | null }>(
    `/* findDemo */
     WITH people AS (SELECT id, email FROM users WHERE email = ANY($1))
     SELECT (SELECT id FROM people WHERE email = $2) AS "leadId",
            (SELECT count(*)::int FROM people) AS people,
            (SELECT count(*)::int FROM memberships
             WHERE role = 'OWNER' AND user_id IN (SELECT id FROM people)) AS teams,
            (SELECT count(*)::int FROM tasks WHERE owner_id IN (SELECT id FROM people)) AS tasks,
            (SELECT count(*)::int FROM task_shares WHERE shared_by_id IN (SELECT id FROM people)) AS shares,
            (SELECT count(*)::int FROM comments WHERE author_id IN (SELECT id FROM people)) AS comments`,
    [characters.map(({ email }) => email), lead.email],
  );
  const [found] = rows;
  return found?.leadId ? { ...found, leadId: found.leadId } : undefined;
}

async function dashboardOf(url: string, userId: string): Promise<DashboardCounts> {
  const db = connect(url, { poolSize: 2 });
  try {
    return await countDashboard(db, await viewerOf(db, { userId, limit: null }), {
      teamId: null,
      by: 'owner',
    });
  } finally {
    await disconnect(db);
  }
}
