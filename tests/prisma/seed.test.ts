import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lead, PASSWORD } from '../../prisma/seed/people.ts';
import type { DemoPlan } from '../../prisma/seed/demo.ts';
import { imagine } from '../../prisma/seed/workspace.ts';
import { npmStart, type Started } from '../kit/npm-start.ts';
import { openSession } from '../kit/session.ts';
import { startWorld } from '../kit/world.ts';

const NUMBERS = `{ dashboard {
  statistics { total pending completed shared } breakdown { status count } priorities { priority count }
} }`;

interface Numbers {
  dashboard: {
    statistics: { total: number; pending: number; completed: number; shared: number };
    breakdown: { status: string; count: number }[];
    priorities: { priority: string; count: number }[];
  };
}

describe('the generated demo data', () => {
  const plan: DemoPlan = { seed: 1, now: new Date('2027-03-03T14:00:00Z'), tasks: 500 };

  function everything(changes: Partial<DemoPlan> = {}) {
    const { tasks, ...rest } = imagine({ ...plan, ...changes });
    return { ...rest, tasks: [...tasks()] };
  }

  test('the same seed gives the same people and tasks, another seed gives others', () => {
    expect(everything()).toEqual(everything());
    expect(everything({ seed: 2 }).tasks[0]?.task).not.toEqual(everything().tasks[0]?.task);
  });

  test('ids are unique, of version 7, and sort as the tasks were created', () => {
    const { people, tasks } = everything();
    const rows = tasks.flatMap(({ task, shares, comments }) => [
      task,
      ...shares.map(({ share }) => share),
      ...comments.map(({ comment }) => comment),
    ]);
    const ids = [...people, ...rows].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const created = tasks.map(({ task }) => task.id);
    expect(created).toEqual(created.toSorted());
  });

  test('each task ends with the state of its events, nothing is in the future, and every status and priority occurs', () => {
    const { tasks } = everything();
    for (const { task, events, shares, comments } of tasks) {
      expect(events).toHaveLength(task.version);
      expect(events[0]).toMatchObject({ kind: 'task.created', at: task.createdAt, data: { before: null } });
      for (const [index, event] of events.entries()) {
        if (index > 0) expect(event.data.before).toEqual(events[index - 1]?.data.after);
      }
      const last = events.at(-1);
      expect(last?.at).toEqual(task.updatedAt);
      expect(last?.data.after).toMatchObject({ status: task.status, priority: task.priority });
      expect(last?.kind === 'task.completed').toBe(task.status === 'DONE');
      expect(task.completedAt).toEqual(task.status === 'DONE' ? last?.at : null);
      for (const { at } of [...events, ...[...shares, ...comments].map(({ event }) => event)]) {
        expect(at.getTime()).toBeLessThanOrEqual(plan.now.getTime());
      }
      for (const { share, event } of shares) {
        expect(share.sharedWithId).not.toBe(task.ownerId);
        expect(event).toMatchObject({
          subjectId: share.id,
          personId: share.sharedWithId,
          teamId: task.teamId,
        });
      }
    }
    expect(new Set(tasks.map(({ task }) => task.status)).size).toBe(4);
    expect(new Set(tasks.map(({ task }) => task.priority)).size).toBe(5);
  });

  test('owners, assignees, editors and commenters of a team task are members of the team, and members have no share', () => {
    const { teams, tasks } = everything();
    const ofTeams = tasks.filter(({ task }) => task.teamId !== null);
    expect(new Set(ofTeams.map(({ task }) => task.teamId)).size).toBe(teams.length);
    expect(ofTeams.some(({ task }) => task.assigneeId !== null)).toBe(true);
    expect(ofTeams.some(({ comments }) => comments.length > 0)).toBe(true);
    for (const { task, events, shares, comments } of ofTeams) {
      const members = teams.find(({ team }) => team.id === task.teamId)?.members ?? [];
      const roles = new Map(members.map(({ userId, role }) => [userId, role]));
      const acting = [...events, ...comments.map(({ event }) => event)].map(({ actorId }) => actorId);
      for (const id of [task.ownerId, task.assigneeId ?? task.ownerId, ...acting]) {
        expect(roles.get(id ?? '')).toMatch(/OWNER|ADMIN|MEMBER/);
      }
      for (const { share } of shares) expect(roles.has(share.sharedWithId)).toBe(false);
    }
  });

  test('the dashboard of the printed sign-in has overdue tasks, tasks due today, and recently completed ones', () => {
    const { people, tasks } = everything();
    const owner = people.find(({ email }) => email === lead.email);
    const own = tasks.map(({ task }) => task).filter(({ ownerId }) => ownerId === owner?.id);
    const open = own.filter(({ status }) => status === 'TODO' || status === 'IN_PROGRESS');
    const due = open.map(({ dueOn }) => dueOn?.toISOString().slice(0, 10) ?? '');
    expect(due.filter((day) => day && day < '2027-03-03').length).toBeGreaterThan(2);
    expect(due.filter((day) => day === '2027-03-03').length).toBeGreaterThan(0);
    const monday = new Date('2027-03-01T00:00:00Z');
    expect(own.filter(({ completedAt }) => completedAt && completedAt >= monday).length).toBeGreaterThan(2);
  });
});

describe('the demo in a database', async () => {
  const world = await startWorld();

  test('[FR-010] the dashboard has the numbers that the demo printed', async () => {
    const printed = numbersIn(await demo(['--tasks', '300'], { DATABASE_URL: world.databaseUrl }));
    const { dashboard } = await asLead(world.url);
    expect(dashboard.statistics).toEqual(printed);

    const { people, tasks } = imagine({ seed: 1, now: new Date(), tasks: 300 });
    const owner = people.find(({ email }) => email === lead.email);
    const own = [...tasks()].map(({ task }) => task).filter(({ ownerId }) => ownerId === owner?.id);
    expect(printed.total).toBe(own.length);
    expect(sum(dashboard.breakdown)).toBe(printed.total);
    expect(sum(dashboard.priorities)).toBe(printed.pending);
  });

  test('[BR-11] every task is in the log with its whole history', async () => {
    const rows = await sql<{ faults: number }>(
      world.databaseUrl,
      `SELECT count(*)::int AS faults FROM tasks
       LEFT JOIN LATERAL (
         SELECT count(*) AS count, (array_agg(data ORDER BY at, sequence))[count(*)]->'after' AS after
         FROM events WHERE subject_id = tasks.id
       ) AS log ON true
       WHERE log.count <> version OR after->>'status' <> status::text OR after->>'owner' <> owner_id::text
          OR after->>'priority' <> priority::text OR after->>'dueOn' IS DISTINCT FROM due_on::text`,
    );
    expect(rows).toEqual([{ faults: 0 }]);
  });

  test('[BR-11] every team, member, share and comment is in the log', async () => {
    const rows = await sql<{ kind: string; faults: number }>(
      world.databaseUrl,
      `SELECT kind, count(*) FILTER (WHERE NOT logged)::int AS faults FROM (
         SELECT kind, EXISTS (
           SELECT FROM events WHERE events.kind = given.kind AND subject_id = id AND at = created_at
         ) AS logged FROM (
           SELECT 'team.created' AS kind, id, created_at FROM teams
           UNION ALL SELECT 'team.memberJoined', id, created_at FROM memberships WHERE role <> 'OWNER'
           UNION ALL SELECT 'task.shared', id, created_at FROM task_shares
           UNION ALL SELECT 'comment.added', id, created_at FROM comments
         ) AS given
       ) AS checked GROUP BY kind ORDER BY kind`,
    );
    const kinds = ['comment.added', 'task.shared', 'team.created', 'team.memberJoined'];
    expect(rows).toEqual(kinds.map((kind) => ({ kind, faults: 0 })));
  });

  test('no transaction writes more than 500 rows', async () => {
    const rows = await sql<{ most: number }>(
      world.databaseUrl,
      `SELECT max(rows)::int AS most FROM (
         SELECT count(*) AS rows FROM (
           SELECT xmin FROM tasks UNION ALL SELECT xmin FROM task_shares UNION ALL SELECT xmin FROM comments
           UNION ALL SELECT xmin FROM events
         ) AS written GROUP BY xmin::text
       ) AS transactions`,
    );
    expect(rows[0]?.most).toBeLessThanOrEqual(500);
  });

  test('filling twice adds nothing, and prints the existing demo and how to start over', async () => {
    const before = await asLead(world.url);
    const said = await demo(['--tasks', '900'], { DATABASE_URL: world.databaseUrl });
    expect(said).toContain('exists already');
    expect(said).toContain('300 tasks');
    expect(said).toContain('To start over');
    expect(await asLead(world.url)).toEqual(before);
  });

  test.each([
    [['--sheep', '3'], /Unknown option '--sheep'.*--help/],
    [['100000'], /npm run demo -- --tasks/],
    [['--tasks', 'many'], /--tasks takes a whole number from 1 to 10,000,000, not "many"/],
  ])('%j is rejected with one sentence', async (args, sentence) => {
    const failure = await demo(args, { DATABASE_URL: world.databaseUrl }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) as string });
    expect((failure as { stderr: string }).stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a production server gets no account with a public password', async () => {
    const environment = {
      DATABASE_URL: world.databaseUrl,
      NODE_ENV: 'production',
      AUTH_SECRET: 'a secret of thirty-two characters',
    };
    await expect(demo([], environment)).rejects.toMatchObject({
      stderr: expect.stringContaining('public') as string,
    });
  });
});

describe('the demo in the embedded database', () => {
  let dataDir: string;
  let server: Started | undefined;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'taskwire-demo-'));
  });
  afterAll(async () => {
    server?.pressCtrlC();
    await server?.exited;
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  test('starts the database if no server runs, and uses the database of a running server', async () => {
    const first = await demo(['--tasks', '50'], { DATA_DIR: dataDir });
    server = npmStart(dataDir);
    const url = await server.ready();
    const second = await demo(['--tasks', '50'], { DATA_DIR: dataDir });
    expect(second).toContain('exists already');
    expect(second).toContain(`Sign in at ${url} with`);
    const { dashboard } = await asLead(url);
    expect(dashboard.statistics).toEqual(numbersIn(first));
    expect(dashboard.statistics).toEqual(numbersIn(second));
  });
});

/** Runs the command like a person. @returns its output. */
async function demo(args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { DATABASE_URL, DATA_DIR, NODE_ENV, ...inherited } = process.env;
  const root = join(import.meta.dirname, '../..');
  const { stdout } = await promisify(execFile)(process.execPath, ['prisma/seed.ts', ...args], {
    cwd: root,
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...inherited, ...environment },
  });
  return stdout;
}

function numbersIn(printed: string): Numbers['dashboard']['statistics'] {
  const numbers = /has (\d+) tasks: (\d+) pending, (\d+) completed; (\d+) of others/.exec(printed);
  const [total, pending, completed, shared] = (numbers ?? []).slice(1).map(Number);
  if (total === undefined || pending === undefined || completed === undefined || shared === undefined) {
    throw new Error(`no numbers in:\n${printed}`);
  }
  return { total, pending, completed, shared };
}

async function asLead(url: string): Promise<Numbers> {
  const { signIn } = await send<{ signIn: { token: string } }>(
    url,
    `mutation { signIn(input: { email: "${lead.email}", password: "${PASSWORD}" }) { token } }`,
  );
  return send<Numbers>(url, NUMBERS, signIn.token);
}

async function send<Data>(url: string, query: string, token?: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

async function sql<Row extends object>(url: string, text: string): Promise<Row[]> {
  await using client = await openSession(url);
  return (await client.query<Row>(text)).rows;
}

function sum(entries: { count: number }[]): number {
  return entries.reduce((whole, { count }) => whole + count, 0);
}
