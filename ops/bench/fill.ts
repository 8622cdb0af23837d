// The data of the benchmark, created by a few set-based statements. Every run has the same data.
import type { Client } from 'pg';
import { dashboardSql } from './contenders/dashboard-sql.ts';

export interface Size {
  users: number;
  teams: number;
  /** Of all owners, including the busy one. */
  tasks: number;
  /** Tasks of the busy owner. */
  busyTasks: number;
  /** Tasks of the huge owner, on top of the others. */
  hugeTasks: number;
  shares: number;
  /** Shares of the huge owner's tasks that the receiver has. */
  receivedShares: number;
  /** Teams of the member, each with ten tasks. */
  joinedTeams: number;
  conversations: number;
  messages: number;
}

const FULL: Size = {
  users: 1_000,
  teams: 200,
  tasks: 1_000_000,
  busyTasks: 100_000,
  hugeTasks: 1_000_000,
  shares: 200_000,
  receivedShares: 100_000,
  joinedTeams: 5_000,
  conversations: 10_000,
  messages: 500_000,
};

/** The full size multiplied by `scale`. */
export function sized(scale: number): Size {
  return Object.fromEntries(
    Object.entries<number>({ ...FULL }).map(([what, number]) => [what, Math.round(number * scale)]),
  ) as Record<keyof Size, number>;
}

/** Tasks of the measured person. */
export const VIEWER_TASKS = 1_000;
/** The operation reads the latest 20. */
const VIEWER_CONVERSATIONS = 40;
const VIEWER = 1;
const BUSY = 2;
const HUGE = 3;
const WRITER = 4;
/** Not among the users that the other data is spread over. */
const RECEIVER = 1_000_001;
const MEMBER = 1_000_002;

/** Parts of the predictable ids, which increase like Taskwire's UUIDs of version 7. */
const KINDS = { user: 1, team: 2, member: 3, task: 4, share: 5, conversation: 6, message: 7 } as const;

/** Users with a part of their own, before the bystanders. */
export const NAMED = WRITER;

/** Another person; `n` starts at 1. */
export function bystander(n: number): string {
  return idOf('user', WRITER + n);
}

export const people = {
  viewer: idOf('user', VIEWER),
  busy: idOf('user', BUSY),
  huge: idOf('user', HUGE),
  writer: idOf('user', WRITER),
  receiver: idOf('user', RECEIVER),
  member: idOf('user', MEMBER),
};

function idOf(kind: keyof typeof KINDS, n: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return `01900000-${hex(KINDS[kind], 4)}-7000-8000-${hex(n, 12)}`;
}

/** The role of PostGraphile's requests with rights. The other contenders own the tables, so policies do not apply to them. */
export const VISITOR = 'taskwire_bench_visitor';

const VIEWER_ID = "current_setting('bench.viewer')::uuid";

/** Fills an empty database with Taskwire's tables. Calls `logProgress` for each step. */
export async function fill(client: Client, size: Size, logProgress: (step: string) => void): Promise<void> {
  const { statistics, ...steps } = statements(size);
  // Building an index once is several times faster than updating it for each row.
  const indexes = await dropIndexes(client);
  for (const [step, sql] of Object.entries(steps)) {
    logProgress(step);
    await client.query(sql);
  }
  await client.query("SET maintenance_work_mem = '1GB'");
  for (const { name, definition } of indexes) {
    logProgress(`index ${name}`);
    await client.query(definition);
  }
  logProgress('statistics');
  await client.query(statistics ?? '');
}

/** Drops the indexes of the large tables that no constraint needs, and returns how to create them. */
async function dropIndexes(client: Client): Promise<{ name: string; definition: string }[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = ANY ('{tasks,task_shares,messages,events}'::regclass[]) AND NOT indisunique`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows;
}

function statements(size: Size): Record<string, string> {
  const { users, teams, shares, conversations, messages } = size;
  const some = size.tasks - size.busyTasks - VIEWER_TASKS;
  // The id of the n-th object of a kind, like idOf.
  const id = (kind: keyof typeof KINDS, n: string) =>
    `('${idOf(kind, 0).slice(0, -12)}' || lpad(to_hex((${n})::bigint), 12, '0'))::uuid`;
  // Every person is in two teams; the n-th task is in one of its owner's teams.
  const teamOf = (user: string, which: string) => `(${user} + ${which} * 7) % ${teams} + 1`;
  const others = users - 3;
  const owner = `CASE WHEN n <= ${VIEWER_TASKS} THEN ${VIEWER}
    WHEN n <= ${VIEWER_TASKS + some} THEN 4 + n % ${others}
    WHEN n <= ${size.tasks} THEN ${BUSY} ELSE ${HUGE} END`;
  return {
    people: `
      INSERT INTO users (id, name, email, updated_at, created_at)
      SELECT ${id('user', 'n')}, 'Person ' || n, 'person' || n || '@example.com', '2026-01-01', '2026-01-01'
      FROM (SELECT generate_series(1, ${users}) UNION ALL VALUES (${RECEIVER}), (${MEMBER})) AS n (n)`,

    teams: `
      INSERT INTO teams (id, name, slug) SELECT ${id('team', 'n')}, 'Team ' || n, 'team-' || n
      FROM generate_series(1, ${teams}) AS n;
      INSERT INTO memberships (id, team_id, user_id, role)
      SELECT ${id('member', 'n * 2 + which')}, ${id('team', teamOf('n', 'which'))}, ${id('user', 'n')},
             (CASE WHEN n <= ${teams} AND which = 0 THEN 'OWNER' ELSE 'MEMBER' END)::team_role
      FROM generate_series(1, ${users}) AS n, generate_series(0, 1) AS which`,

    // Created over 300 days, with due dates around now. Four of ten are in a team and assigned to their owner or to another
    // member.
    tasks: `
      INSERT INTO tasks (id, title, description, status, priority, due_on, labels, position, owner_id, assignee_id,
                         team_id, completed_at, created_at, updated_at)
      SELECT ${id('task', 'n')}, 'Task ' || n || ' about ' || md5(n::text), repeat('What there is to say. ', n % 12),
             status, (ARRAY['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'])[1 + n % 5]::task_priority,
             CASE WHEN n % 3 > 0 THEN current_date - 30 + n % 90 END,
             CASE WHEN n % 4 = 0 THEN ARRAY['label' || n % 50, 'kind' || n % 7] ELSE '{}' END,
             'g' || lpad(n::text, 7, '0'), ${id('user', 'owner')},
             CASE WHEN n % 10 < 4 THEN ${id('user', `CASE WHEN n % 2 = 0 THEN owner ELSE (owner + ${teams} - 1) % ${users} + 1 END`)} END,
             CASE WHEN n % 10 < 4 THEN ${id('team', teamOf('owner', 'n % 2'))} END,
             CASE WHEN status = 'DONE' THEN made + (now() - made) / 2 END, made, made + interval '1 hour'
      FROM (SELECT n, ${owner} AS owner,
                   (ARRAY['TODO', 'IN_PROGRESS', 'DONE', 'TODO', 'DONE', 'CANCELLED', 'DONE'])[1 + n % 7]::task_status AS status,
                   date_trunc('day', now()) - interval '1 minute' * (n::bigint * 7919 % (300 * 1440)) - interval '1 hour'
                     + interval '1 millisecond' * (n % 60000) AS made
            FROM generate_series(1, ${size.tasks + size.hugeTasks}) AS n) AS plan`,

    // Each task of the viewer has three shares, for nested lists.
    shares: `
      INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id, permission)
      SELECT ${id('share', 'n')}, ${id('task', 'task')}, ${id('user', `4 + (task * 3 + n) % ${others}`)}, owner_id,
             (CASE WHEN n % 3 = 0 THEN 'EDIT' ELSE 'VIEW' END)::share_permission
      FROM (SELECT n, CASE WHEN n <= ${VIEWER_TASKS * 3} THEN 1 + n / 3 ELSE ${VIEWER_TASKS} + n * 4 END AS task
            FROM generate_series(1, ${shares}) AS n) AS plan
      JOIN tasks ON tasks.id = ${id('task', 'task')}
      WHERE owner_id <> ${id('user', `4 + (task * 3 + n) % ${others}`)}
      ON CONFLICT DO NOTHING;
      INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id)
      SELECT ${id('share', `${shares} + n`)}, ${id('task', `${VIEWER_TASKS} + 100 + n`)}, ${id('user', String(VIEWER))}, owner_id
      FROM generate_series(1, 200) AS n JOIN tasks ON tasks.id = ${id('task', `${VIEWER_TASKS} + 100 + n`)}
      ON CONFLICT DO NOTHING`,

    'many shares and teams': `
      INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id)
      SELECT ${id('share', '1000000 + n')}, ${id('task', `${size.tasks} + n`)}, ${id('user', String(RECEIVER))}, owner_id
      FROM generate_series(1, ${size.receivedShares}) AS n JOIN tasks ON tasks.id = ${id('task', `${size.tasks} + n`)};
      INSERT INTO teams (id, name, slug) SELECT ${id('team', '1000000 + n')}, 'Joined team ' || n, 'joined-team-' || n
      FROM generate_series(1, ${size.joinedTeams}) AS n;
      INSERT INTO memberships (id, team_id, user_id, role)
      SELECT ${id('member', '1000000 + n')}, ${id('team', '1000000 + n')}, ${id('user', String(MEMBER))}, 'OWNER'
      FROM generate_series(1, ${size.joinedTeams}) AS n;
      INSERT INTO tasks (id, title, status, priority, due_on, position, owner_id, team_id, created_at, updated_at)
      SELECT ${id('task', '10000000 + n')}, 'Task ' || n || ' about ' || md5(n::text), 'TODO',
             (ARRAY['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'])[1 + n % 5]::task_priority, current_date - 30 + n % 90,
             'g' || lpad(n::text, 7, '0'), ${id('user', String(MEMBER))}, ${id('team', `1000001 + n % ${size.joinedTeams}`)},
             now() - interval '1 minute' * n, now() - interval '1 minute' * n
      FROM generate_series(1, ${size.joinedTeams * 10}) AS n`,

    conversations: `
      INSERT INTO conversations (id, title, owner_id, created_at, updated_at)
      SELECT ${id('conversation', 'n')}, 'Conversation ' || n, ${id('user', 'owner')},
             now() - interval '1 minute' * n, now() - interval '1 second' * n
      FROM (SELECT n, CASE WHEN n <= ${VIEWER_CONVERSATIONS} THEN 1 ELSE 4 + n % ${others} END AS owner
            FROM generate_series(1, ${conversations}) AS n) AS plan;
      INSERT INTO conversation_participants (conversation_id, user_id)
      SELECT id, owner_id FROM conversations UNION
      SELECT ${id('conversation', 'n')}, ${id('user', `4 + (n * 31 + which) % ${others}`)}
      FROM generate_series(1, ${conversations}) AS n, generate_series(1, 2) AS which`,

    messages: `
      INSERT INTO messages (id, conversation_id, author_id, role, content, created_at)
      SELECT ${id('message', 'n')}, ${id('conversation', `1 + n % ${conversations}`)}, owner_id,
             (CASE WHEN n % 2 = 0 THEN 'USER' ELSE 'ASSISTANT' END)::message_role,
             'Message ' || n || ': ' || md5(n::text) || repeat(' and so on', n % 10),
             now() - interval '30 days' + interval '1 second' * n
      FROM generate_series(1, ${messages}) AS n
      JOIN conversations ON conversations.id = ${id('conversation', `1 + n % ${conversations}`)}`,

    // The log as if Taskwire had created the tasks: the counters are folded from it.
    log: `
      INSERT INTO events (actor_id, kind, subject_id, team_id, person_id, at, data)
      SELECT owner_id, 'task.created', id, team_id, owner_id, created_at,
             jsonb_build_object('fingerprint', '', 'before', NULL, 'after', jsonb_build_object(
               'owner', owner_id, 'assignee', assignee_id, 'team', team_id, 'status', status, 'priority', priority,
               'dueOn', due_on, 'archived', false))
      FROM tasks ORDER BY created_at, id`,

    // Default ids, a dashboard function, an index for their lists, and an order and a condition that PostGraphile omits.
    'what other contenders need': `
      ALTER TABLE tasks ALTER COLUMN id SET DEFAULT gen_random_uuid();
      CREATE INDEX bench_by_owner ON tasks (owner_id, updated_at DESC, id DESC);
      COMMENT ON COLUMN tasks.status IS '@behavior +attribute:filterBy';
      COMMENT ON COLUMN conversations.updated_at IS '@behavior +attribute:orderBy';
      DO $$ BEGIN CREATE ROLE ${VISITOR}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT ALL ON ALL TABLES IN SCHEMA public TO ${VISITOR};
      GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${VISITOR};
      ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
      CREATE POLICY bench_visible ON tasks TO ${VISITOR} USING (
        owner_id = ${VIEWER_ID} AND team_id IS NULL
        OR team_id IN (SELECT team_id FROM memberships WHERE user_id = ${VIEWER_ID})
        OR EXISTS (SELECT FROM task_shares WHERE task_id = tasks.id AND shared_with_id = ${VIEWER_ID}
                   AND (expires_at IS NULL OR expires_at > now())));
      ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
      CREATE POLICY bench_visible ON conversations TO ${VISITOR} USING (
        id IN (SELECT conversation_id FROM conversation_participants WHERE user_id = ${VIEWER_ID}));
      CREATE FUNCTION bench_dashboard(owner uuid) RETURNS json LANGUAGE sql STABLE AS $$ ${dashboardSql('owner')} $$`,

    statistics: 'VACUUM (ANALYZE)',
  };
}
