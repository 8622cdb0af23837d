// npm run drill:pool
// Lets changes of several people hold every connection to the database: others are told soon that there is none, and
// when to come again. Once the changes can go on, all is as before.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { send, signUp } from './workspace.ts';

interface Drill {
  databaseUrl: string;
  /** How many ask at once while there is no connection. */
  asking: number;
}

export interface PoolReport {
  /** How often which answer came: its code and HTTP status, and after how many seconds to come again. */
  answers: Record<string, number>;
  /** The longest that one of these answers took in the server, in milliseconds. */
  slowestMs: number;
  /** Changes that held the connections, and were carried out in the end. */
  held: number;
  /** Milliseconds from the moment on when the changes could get on until somebody was answered. */
  normalAfterMs: number;
}

const CONNECTIONS = 3;
const LIST = '{ tasks(first: 1) { nodes { title } } }';
const RENAME = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Drill" }) { cursor } }';
const SIGN_IN = 'mutation { signIn(input: { email: "who@example.com", password: "who is it" }) { token } }';
const LOOK_AGAIN_MS = 10;

export async function exhaustPool({ databaseUrl, asking }: Drill): Promise<PoolReport> {
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(CONNECTIONS),
    AUTH_SECRET: 's'.repeat(32),
  });
  const holder = new Client({ connectionString: databaseUrl });
  try {
    await holder.connect();
    const somebody = await signUp(server.url);
    const { token } = somebody;
    // Whom the server has not met yet, so that it has to look who they are.
    const newcomer = await signUp(server.url);
    // One person alone cannot hold every connection.
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
    await allWait(holder);

    const answers = await Promise.all(
      Array.from({ length: asking }, (_, n) =>
        n % 3 === 2
          ? send(server.url, undefined, SIGN_IN)
          : send(server.url, n % 3 === 1 ? newcomer.token : token, LIST),
      ),
    );
    const told = await Promise.all(answers.map(wordsOf));
    await holder.query('ROLLBACK');
    const freeAt = Date.now();
    while ((await send(server.url, token, LIST)).status !== 200) await sleep(LOOK_AGAIN_MS);
    const normalAfterMs = Date.now() - freeAt;
    const held = (await Promise.all(changes)).filter(({ status }) => status === 200).length;
    return {
      answers: Object.fromEntries(
        Map.groupBy(told, (words) => words)
          .entries()
          .map(([words, all]) => [words, all.length]),
      ),
      slowestMs: Math.max(...answers.map(({ headers }) => Number(headers.get('x-response-time')) * 1000)),
      held,
      normalAfterMs,
    };
  } finally {
    await holder.end();
    await server.stop();
  }
}

async function allWait(observer: Client): Promise<void> {
  for (let waiting = 0; waiting < CONNECTIONS;) {
    await sleep(LOOK_AGAIN_MS);
    // What its own transaction has seen of the activity once, it would see forever.
    await observer.query('SELECT pg_stat_clear_snapshot()');
    const { rowCount } = await observer.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'taskwire'`,
    );
    waiting = rowCount ?? 0;
  }
}

async function wordsOf(answer: Response): Promise<string> {
  const { errors } = (await answer.json()) as { errors?: { extensions: { code: string } }[] };
  return `${errors?.[0]?.extensions.code ?? 'answered'} ${answer.status}, again in ${answer.headers.get('retry-after') ?? '–'} s`;
}

if (import.meta.main) {
  const postgres = await ownPostgres();
  try {
    const report = await exhaustPool({ databaseUrl: postgres.url, asking: 50 });
    console.log(JSON.stringify(report, null, 2));
    const isGood =
      report.answers['UNAVAILABLE 503, again in 2 s'] === 50 &&
      report.slowestMs <= 3_000 &&
      report.held === CONNECTIONS;
    process.exitCode = isGood ? 0 : 1;
  } finally {
    await postgres.remove();
  }
}
