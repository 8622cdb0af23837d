import type { Client } from 'pg';
import { rebuildCounters } from '../../server/counters/rebuild.ts';
import { openSession } from './session.ts';

/** The numbers of rows after `fillWithCrowd`, without earlier ones. */
const CROWD = { users: 1_000, teams: 100, tasks: 100_000 } as const;

/**
 * Fills a database with a year of a thousand users' work: three teams each, some hundred tasks, shares, comments,
 * conversations, and the log. Existing users get as much as others; the first of them, by id, gets the first team.
 */
export async function fillWithCrowd(url: string): Promise<void> {
  await using client = await openSession(url);
  await client.query('BEGIN');
  await client.query('SET LOCAL synchronous_commit = off');
  const indexes = await searchIndexes(client);
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  // A running server would otherwise fold all of it event by event while it is counted again.
  await client.query('UPDATE log_consumers SET transaction_id = NULL');
  for (const statement of STATEMENTS) await client.query(statement);
  for (const { definition } of indexes) await client.query(definition);
  await client.query('COMMIT');
  await rebuildCounters(url, () => undefined);
  await client.query('VACUUM ANALYZE');
}

/** Indexes that are faster to build at once than row by row. */
async function searchIndexes(client: Client): Promise<{ name: string; definition: string }[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE indexdef LIKE '%USING gin%'`,
  );
  return rows;
}

/** A UUIDv7 of a time, always the same for the same number. */
const ID = `
  CREATE FUNCTION pg_temp.id_at(moment timestamptz, kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || right(to_hex(n & 4095 | 4096), 3)
            || '8' || substr(md5(kind || n), 1, 15))::uuid
  $$`;

/** The time of the n-th of `many` events in a year. */
const AT = `
  CREATE FUNCTION pg_temp.at(n bigint, all_of bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT date_trunc('milliseconds', now()) - interval '1 year' * (1 - n::float / all_of)
  $$`;

const WORDS = `
  CREATE FUNCTION pg_temp.words(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws(' ', (ARRAY['water','paint','order','review','plan','ship','clean','write'])[n % 8 + 1],
      (ARRAY['plants','fence','budget','kitchen','report','garden','invoice','release','letter'])[n % 9 + 1],
      'item' || n % 997, 'batch' || n % 4999)
  $$`;

const STATEMENTS = [
  ID,
  AT,
  WORDS,
  `INSERT INTO users (id, name, email, email_verified, timezone, created_at, updated_at)
   SELECT pg_temp.id_at(at, 'user', n), 'Person ' || n, 'person' || n || '@example.com', true, 'UTC', at, at
   FROM (SELECT n, pg_temp.at(n, ${CROWD.users}) AS at FROM generate_series(1, ${CROWD.users}) AS n) AS made`,
  `CREATE TEMP TABLE crowd ON COMMIT DROP AS
   SELECT id, row_number() OVER (ORDER BY id DESC) - 1 AS n FROM users`,
  `INSERT INTO teams (id, name, slug, created_at)
   SELECT pg_temp.id_at(at, 'team', n), 'Team ' || n, 'team-' || n, at
   FROM (SELECT n, pg_temp.at(n, ${CROWD.teams}) AS at FROM generate_series(0, ${CROWD.teams - 1}) AS n) AS made`,
  `CREATE TEMP TABLE troop ON COMMIT DROP AS
   SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM teams`,
  `INSERT INTO memberships (id, team_id, user_id, role, created_at)
   SELECT pg_temp.id_at(now(), 'member', troop.n * 10000 + crowd.n), troop.id, crowd.id,
          CASE WHEN crowd.n = troop.n THEN 'OWNER' WHEN crowd.n / 100 % 5 = 1 THEN 'ADMIN' WHEN crowd.n / 100 % 5 = 2 THEN 'VIEWER'
               ELSE 'MEMBER' END::team_role, now()
   FROM crowd JOIN troop ON troop.n IN (crowd.n % 100, (crowd.n * 7 + 3) % 100, (crowd.n * 13 + 5) % 100)`,
  `INSERT INTO team_invitations (id, team_id, email, role, invited_by_id, expires_at)
   SELECT pg_temp.id_at(now(), 'invitation', i), troop.id, 'guest' || i || '@example.com', 'MEMBER', crowd.id,
          now() + interval '1 day' * (i % 7 + 1)
   FROM generate_series(1, 2000) AS i JOIN troop ON troop.n = i % 100 JOIN crowd ON crowd.n = i % 100`,
  // Six in ten of a person's tasks belong to a team, and one in ten is a subtask.
  `INSERT INTO tasks (id, title, description, status, priority, due_on, labels, position, owner_id, assignee_id,
                      team_id, parent_id, completed_at, archived_at, created_at, updated_at)
   SELECT pg_temp.id_at(at, 'task', i), pg_temp.words(dice), pg_temp.words(i * 31),
          (ARRAY['TODO','IN_PROGRESS','DONE','DONE','CANCELLED'])[dice % 5 + 1]::task_status,
          (ARRAY['NONE','LOW','MEDIUM','HIGH','URGENT'])[dice / 5 % 5 + 1]::task_priority,
          CASE WHEN dice / 25 % 3 = 0 THEN (at + interval '20 days')::date END,
          ARRAY['label' || dice % 50], 'g' || lpad(i::text, 7, '0'), owner.id,
          CASE WHEN dice / 75 % 4 = 0 THEN owner.id END, CASE WHEN turn % 10 < 6 THEN troop.id END,
          CASE WHEN turn % 10 = 5 THEN pg_temp.id_at(pg_temp.at(i - ${CROWD.users}, ${CROWD.tasks}), 'task', i - ${CROWD.users}) END,
          CASE WHEN dice % 5 IN (2, 3) THEN at + interval '3 days' END,
          CASE WHEN dice / 300 % 17 = 0 THEN at + interval '40 days' END, at, at + interval '3 days'
   FROM (SELECT i, i / ${CROWD.users} AS turn, i * 7919 % ${CROWD.users} AS n, abs(hashint8(i)::bigint) AS dice,
                pg_temp.at(i, ${CROWD.tasks}) AS at
         FROM generate_series(1, ${CROWD.tasks}::bigint) AS i) AS made
   JOIN crowd AS owner ON owner.n = made.n JOIN troop ON troop.n = made.n % 100`,
  `CREATE TEMP TABLE work ON COMMIT DROP AS
   SELECT id, owner_id, team_id, status, created_at, jsonb_build_object('owner', owner_id, 'assignee', assignee_id,
            'team', team_id, 'status', status, 'priority', priority, 'dueOn', due_on, 'archived', archived_at IS NOT NULL,
            'createdAt', created_at, 'startedAt', started_at, 'completedAt', completed_at) AS facts, row_number() OVER (ORDER BY id) AS n,
          abs(hashint8(row_number() OVER (ORDER BY id))::bigint) AS dice FROM tasks`,
  'ANALYZE crowd, troop, work',
  `INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id, permission, expires_at)
   SELECT pg_temp.id_at(created_at, 'share', work.n), work.id, crowd.id, owner_id,
          (ARRAY['VIEW','EDIT'])[dice % 2 + 1]::share_permission,
          CASE WHEN dice / 2 % 6 = 0 THEN now() - interval '1 day' WHEN dice / 2 % 6 = 1 THEN now() + interval '1 day' END
   FROM work JOIN crowd ON crowd.n = dice / 60 % ${CROWD.users} WHERE dice / 12 % 5 = 0 AND crowd.id <> owner_id`,
  `INSERT INTO share_offers (id, task_id, offered_by_id, user_id, title, expires_at, updated_at)
   SELECT pg_temp.id_at(created_at, 'offer', work.n), work.id, owner_id, crowd.id, 'Offered', now() + interval '20 days', now()
   FROM work JOIN crowd ON crowd.n = dice / 60 % ${CROWD.users} WHERE dice / 12 % 5 = 1 AND crowd.id <> owner_id`,
  `INSERT INTO blocks (id, blocker_id, blocked_id, created_at)
   SELECT pg_temp.id_at(now(), 'block', blocker.n * 10 + other), blocker.id, blocked.id, now()
   FROM (SELECT n, id FROM crowd) AS blocker CROSS JOIN generate_series(1, 3) AS other
   JOIN crowd AS blocked ON blocked.n = (blocker.n + other * 11) % ${CROWD.users}`,
  `INSERT INTO comments (id, task_id, author_id, body, created_at)
   SELECT pg_temp.id_at(created_at + interval '1 hour', 'comment', n), id, owner_id, pg_temp.words(n * 17),
          created_at + interval '1 hour'
   FROM work`,
  `INSERT INTO conversations (id, title, owner_id, created_at, updated_at)
   SELECT pg_temp.id_at(at, 'conversation', i), pg_temp.words(i), crowd.id, at, at
   FROM (SELECT i, pg_temp.at(i, 5000) AS at FROM generate_series(1, 5000) AS i) AS made
   JOIN crowd ON crowd.n = i % ${CROWD.users}`,
  `INSERT INTO conversation_participants (conversation_id, user_id)
   SELECT conversations.id, participant.id
   FROM conversations JOIN crowd AS owner ON owner.id = owner_id
   JOIN crowd AS participant ON participant.n IN (owner.n, (owner.n + 1) % ${CROWD.users}, (owner.n + 100) % ${CROWD.users})`,
  `INSERT INTO messages (id, conversation_id, author_id, role, content, created_at)
   SELECT pg_temp.id_at(created_at + interval '1 minute' * i, 'message', i * 10000 + n), id, owner_id, 'USER',
          pg_temp.words(i * 10000 + n), created_at + interval '1 minute' * i
   FROM (SELECT *, row_number() OVER () AS n FROM conversations) AS each, generate_series(1, 10) AS i`,
  `INSERT INTO api_tokens (id, user_id, name, hash, scopes)
   SELECT pg_temp.id_at(now(), 'token', i), crowd.id, 'Token ' || i, decode(md5('token' || i), 'hex'), '{READ}'
   FROM generate_series(1, 3000) AS i JOIN crowd ON crowd.n = i % ${CROWD.users}`,
  // In chronological order, as the log is read.
  `INSERT INTO events (at, kind, actor_id, subject_id, team_id, person_id, conversation_id, data)
   SELECT * FROM (
     SELECT created_at + later AS at, kind, owner_id AS actor_id, id AS subject_id, team_id, owner_id AS person_id,
            NULL::uuid AS conversation_id,
            jsonb_build_object('before', CASE kind WHEN 'task.updated' THEN facts END, 'after', facts)
     FROM work, (VALUES ('task.created', interval '0'), ('task.updated', interval '2 days')) AS told(kind, later)
     UNION ALL
     SELECT created_at, 'message.sent', author_id, id, NULL, NULL, conversation_id, '{"role": "USER"}' FROM messages
     UNION ALL
     SELECT pg_temp.at(i, 20000), 'access.refused', crowd.id, crowd.id, NULL, NULL, NULL,
            '{"code": "NOT_FOUND", "operation": "task"}'
     FROM generate_series(1, 20000) AS i JOIN crowd ON crowd.n = i % ${CROWD.users}
   ) AS happened ORDER BY at`,
];
