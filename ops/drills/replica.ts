// npm run drill:replica
// Two processes answer queries from a replica that lags, stops replaying, dies and comes back. People must always read
// their own writes, and never read what they may no longer see.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../server/database/free-port.ts';
import { openSession } from '../../server/database/session.ts';
import { ownPostgres, standbyOf } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp, type SignedInUser } from './workspace.ts';

interface Drill {
  /** Of each phase. */
  rounds: number;
}

export interface Phase {
  /** Reads without the person's own last write. */
  stale: number;
  /** Reads of a task whose share was revoked before. */
  leaked: number;
  failed: number;
  /** SQL statements by the server that answered them. */
  byReplica: number;
  byPrimary: number;
  slowestMs: number;
}

export type ReplicaReport = Record<'streaming' | 'delayed' | 'paused' | 'away' | 'back', Phase>;

/** Enough connections to reach both processes. */
const READERS = 4;
const DELAY_MS = 200;
const SHOWN_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 50;

export async function readFromReplica({ rounds }: Drill): Promise<ReplicaReport> {
  const primary = await ownPostgres();
  const url = new URL(primary.url);
  url.port = String(await freePort());
  const starting = startProcess({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_POINTS: '0',
    WORKERS: '2',
    DATABASE_URL: primary.url,
    DATABASE_REPLICA_URL: url.href,
    AUTH_SECRET: 's'.repeat(32),
  });
  const replica = await standbyOf(primary.url, url.href);
  await replica.start();
  const server = await starting;
  try {
    const people = { ada: await signUp(server.url), bob: await signUp(server.url) };
    const workspace = { server: server.url, tasks: 0, ...people };
    const phase = async (change: () => Promise<void>) => {
      await untilCurrent(server.url);
      const shared = await share(workspace);
      await change();
      return runPhase(workspace, rounds, shared);
    };
    const streaming = await phase(() => Promise.resolve());

    const delayed = await phase(() =>
      configure(replica.url, `ALTER SYSTEM SET recovery_min_apply_delay = ${DELAY_MS}`),
    );
    await configure(replica.url, 'ALTER SYSTEM RESET recovery_min_apply_delay');

    const paused = await phase(() => configure(replica.url, 'SELECT pg_wal_replay_pause()'));
    await configure(replica.url, 'SELECT pg_wal_replay_resume()');

    let killed: Promise<void> | undefined;
    const away = await phase(() => {
      killed = sleep(LOOK_AGAIN_MS).then(() => replica.kill());
      return Promise.resolve();
    });
    await killed;
    await until(server.url, '/readyz', /"replica":"behind or not reachable"/);
    await replica.start();
    return { streaming, delayed, paused, away, back: await phase(() => Promise.resolve()) };
  } finally {
    await server.kill();
    await replica.remove();
    await primary.remove();
  }
}

interface Workspace {
  server: string;
  /** Of Ada. */
  tasks: number;
  ada: SignedInUser;
  bob: SignedInUser;
}

const CREATE = 'mutation { createTask(input: { title: "Drill" }) { task { id } } }';
const OWN = 'query ($id: ID!) { node(id: $id) { id } dashboard { statistics { total } } }';
const OFFER = `mutation ($input: ShareTaskInput!) { shareTask(input: $input) { link } }`;
const ACCEPT = 'mutation ($input: AcceptShareInput!) { acceptShare(input: $input) { share { id } } }';
const REVOKE = 'mutation ($input: RevokeShareInput!) { revokeShare(input: $input) { cursor } }';
const SHARED = 'query ($id: ID!) { node(id: $id) { id } }';
const VIEWER = '{ viewer { email } }';

/** A new task of Ada's that Bob sees. */
interface SharedTask {
  id: string;
  shareId: string;
}

async function share(workspace: Workspace): Promise<SharedTask> {
  const { ada, bob } = workspace;
  const { createTask } = await ada.query<{ createTask: { task: { id: string } } }>(CREATE);
  workspace.tasks += 1;
  const { viewer } = await bob.query<{ viewer: { email: string } }>(VIEWER);
  const input = { taskId: createTask.task.id, email: viewer.email };
  const { shareTask } = await ada.query<{ shareTask: { link: string } }>(OFFER, { input });
  const { acceptShare } = await bob.query<{ acceptShare: { share: { id: string } } }>(ACCEPT, {
    input: { secret: shareTask.link.split('#')[1] },
  });
  return { id: createTask.task.id, shareId: acceptShare.share.id };
}

async function runPhase(workspace: Workspace, rounds: number, first: SharedTask): Promise<Phase> {
  const { server, ada, bob } = workspace;
  const found: Phase = { stale: 0, leaked: 0, failed: 0, byReplica: 0, byPrimary: 0, slowestMs: 0 };
  const before = await readsOf(server);
  const readAll = async (person: SignedInUser, query: string, id: string, judge: (data: Answer) => void) => {
    const read = async () => {
      const began = performance.now();
      await person.query<Answer>(query, { id }).then(judge, () => (found.failed += 1));
      found.slowestMs = Math.max(found.slowestMs, Math.round(performance.now() - began));
    };
    await Promise.all(Array.from({ length: READERS }, read));
  };
  for (let round = 0, shared = first; round < rounds; round += 1, shared = await share(workspace)) {
    const { id, shareId } = shared;
    const isOwn = ({ node, dashboard }: Answer) =>
      node?.id === id && dashboard?.statistics.total === workspace.tasks;
    await readAll(ada, OWN, id, (data) => (found.stale += isOwn(data) ? 0 : 1));
    await readAll(bob, SHARED, id, ({ node }) => (found.stale += node ? 0 : 1));
    await ada.query(REVOKE, { input: { id: shareId } });
    await readAll(bob, SHARED, id, ({ node }) => (found.leaked += node ? 1 : 0));
  }
  const after = await readsOf(server);
  return {
    ...found,
    byReplica: after.replica - before.replica,
    byPrimary: after.primary - before.primary,
  };
}

interface Answer {
  node: { id: string } | null;
  dashboard?: { statistics: { total: number } };
}

async function readsOf(server: string): Promise<Record<'replica' | 'primary', number>> {
  const text = await (await fetch(`${server}/metrics`)).text();
  const of = (by: string) =>
    Number(
      new RegExp(`^taskwire_replica_reads_total\\{server="${by}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? NaN,
    );
  return { replica: of('replica'), primary: of('primary') };
}

/** In all processes. */
function untilCurrent(server: string): Promise<void> {
  return until(server, '/metrics', /^taskwire_replica_current 1$/m);
}

async function until(server: string, path: string, shown: RegExp): Promise<void> {
  const deadline = Date.now() + SHOWN_WITHIN_MS;
  while (!shown.test(await (await fetch(`${server}${path}`)).text())) {
    if (Date.now() > deadline) throw new Error(`${path} did not show ${String(shown)} in time.`);
    await sleep(LOOK_AGAIN_MS);
  }
}

async function configure(url: string, statement: string): Promise<void> {
  await using client = await openSession(url, { application_name: 'taskwire drill' });
  await client.query(statement);
  await client.query('SELECT pg_reload_conf()');
}

if (import.meta.main) {
  const report = await readFromReplica({ rounds: 100 });
  console.log(JSON.stringify(report, null, 2));
  const wrong = Object.values(report).reduce(
    (sum, { stale, leaked, failed }) => sum + stale + leaked + failed,
    0,
  );
  process.exitCode = wrong === 0 && report.streaming.byReplica > 0 && report.back.byReplica > 0 ? 0 : 1;
}
