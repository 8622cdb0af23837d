// npm run drill:pool
// Changes of several people hold all database connections: other requests get UNAVAILABLE with Retry-After within seconds.
// Once the changes finish, the server works as before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { send, signUp } from './workspace.ts';

interface Drill {
  databaseUrl: string;
  /** The number of concurrent requests without a free connection. */
  asking: number;
}

export interface PoolReport {
  /** Counts by code, HTTP status and Retry-After. */
  answers: Record<string, number>;
  /** Milliseconds. */
  slowestMs: number;
  /** Changes that held the connections and succeeded. */
  held: number;
  /** Milliseconds from the release of the connections to the first successful request. */
  normalAfterMs: number;
}

const CONNECTIONS = 3;
const LIST = '{ tasks(first: 1) { nodes { title } } }';
const RENAME = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Drill" }) { cursor } }';
const SIGN_IN =
  'mutation { signIn(input: { email: "unknown@example.com", password: "wrong password" }) { token } }';
const LOOK_AGAIN_MS = 10;

export async function exhaustPool({ databaseUrl, asking }: Drill): Promise<PoolReport> {
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(CONNECTIONS),
    AUTH_SECRET: 's'.repeat(32),
  });
  try {
    await using holder = await openSession(databaseUrl, { application_name: 'taskwire drill' });
    const user = await signUp(server.url);
    const { token } = user;
    // Not in the server's cache yet, so that authentication needs the database.
    const newcomer = await signUp(server.url);
    // Several people, since one person cannot hold all connections.
    const holding = await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const person = await signUp(server.url);
        const made = await person.query<{ createTask: { task: { id: string } } }>(
          'mutation { createTask(input: { title: "Tea" }) { task { id } } }',
        );
        return { token: person.token, task: made.createTask.task };
      }),
    );
    await holder.query('BEGIN; LOCK TABLE tasks');
    const changes = holding.map((person) => send(server.url, person.token, RENAME, person.task));
    await allWaiting(holder);

    const answers = await Promise.all(
      Array.from({ length: asking }, (_, n) =>
        n % 3 === 2
          ? send(server.url, undefined, SIGN_IN)
          : send(server.url, n % 3 === 1 ? newcomer.token : token, LIST),
      ),
    );
    const outcomes = await Promise.all(answers.map(wordsOf));
    await holder.query('ROLLBACK');
    const freeAt = Date.now();
    while ((await send(server.url, token, LIST)).status !== 200) await sleep(LOOK_AGAIN_MS);
    const normalAfterMs = Date.now() - freeAt;
    const held = (await Promise.all(changes)).filter(({ status }) => status === 200).length;
    return {
      answers: Object.fromEntries(
        Map.groupBy(outcomes, (words) => words)
          .entries()
          .map(([words, all]) => [words, all.length]),
      ),
      slowestMs: Math.max(...answers.map(({ headers }) => Number(headers.get('x-response-time')) * 1000)),
      held,
      normalAfterMs,
    };
  } finally {
    await server.stop();
  }
}

async function allWaiting(observer: Client): Promise<void> {
  for (let waiting = 0; waiting < CONNECTIONS;) {
    await sleep(LOOK_AGAIN_MS);
    // A transaction caches the statistics that it has read once.
    await observer.query('SELECT pg_stat_clear_snapshot()');
    const { rowCount } = await observer.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'taskwire'`,
    );
    waiting = rowCount ?? 0;
  }
}

async function wordsOf(answer: Response): Promise<string> {
  const { errors } = (await answer.json()) as { errors?: { extensions: { code: string } }[] };
  return `${errors?.[0]?.extensions.code ?? 'OK'} ${answer.status}, retry after ${answer.headers.get('retry-after') ?? '–'} s`;
}

if (import.meta.main) {
  const postgres = await ownPostgres();
  try {
    const report = await exhaustPool({ databaseUrl: postgres.url, asking: 50 });
    console.log(JSON.stringify(report, null, 2));
    const isGood =
      report.answers['UNAVAILABLE 503, retry after 2 s'] === 50 &&
      report.slowestMs <= 3_000 &&
      report.held === CONNECTIONS;
    process.exitCode = isGood ? 0 : 1;
  } finally {
    await postgres.remove();
  }
}
