// The worker thread of `hostile.ts`: one account uses everything at once, until it gets a message.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { signUp, type SignedInUser } from './workspace.ts';

export interface HostileOrder {
  url: string;
  victimEmail: string;
}

/** Counts by kind of attack and outcome: `ok` or an error code. */
export type HostileCounts = Record<string, Record<string, number>>;

const SUBSCRIPTIONS = 300;
const SLOW_READERS = 40;
const LONG_TEXT = 'a '.repeat(4_900);

const { url, victimEmail } = workerData as HostileOrder;
const counts: HostileCounts = {};
let isOver = false;
parentPort?.once('message', () => {
  isOver = true;
  parentPort?.postMessage(counts);
});

function count(kind: string, outcome: string): void {
  const of = (counts[kind] ??= {});
  of[outcome] = (of[outcome] ?? 0) + 1;
}

function again(
  kind: string,
  { streams, pauseMs = 0 }: { streams: number; pauseMs?: number },
  work: () => Promise<unknown>,
) {
  for (let stream = 0; stream < streams; stream += 1) {
    void (async () => {
      while (!isOver) {
        const outcome = await work().then(
          () => 'ok',
          (error: unknown) => (error as { code?: string }).code ?? 'no answer',
        );
        count(kind, outcome);
        await sleep(outcome === 'ok' ? pauseMs : Math.max(pauseMs, 20));
      }
    })();
  }
}

async function connect({ token }: SignedInUser): Promise<WebSocket | null> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  socket.on('open', () => {
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  });
  return new Promise((resolve) => {
    socket.once('message', () => resolve(socket)).once('close', () => resolve(null));
  });
}

const subscribe = (socket: WebSocket, id: number, query: string) => {
  socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query } }));
};

const CREATE =
  'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { tasks { id } } }';

/** A random address for each request, so that only limits per person apply. */
function anyAddress(): string {
  return Array.from({ length: 4 }, () => 1 + Math.floor(Math.random() * 250)).join('.');
}

async function attack(): Promise<void> {
  const account = await signUp(url, anyAddress);
  const make = (many: number, description: string) =>
    account.query<{ createTasks: { tasks: { id: string }[] } }>(CREATE, {
      tasks: Array.from({ length: many }, (_, n) => ({ title: `Hostile ${n}`, description })),
    });
  const { tasks } = (await make(60, LONG_TEXT)).createTasks;
  const [first] = tasks;

  for (let opened = 0; opened < SUBSCRIPTIONS / 100; opened += 1) {
    const socket = await connect(account);
    for (let id = 0; socket && id < 100; id += 1)
      subscribe(
        socket,
        id,
        `subscription S${opened}x${id} { events { cursor event { task {
        title comments(first: 10) { nodes { body } } owner { name } subtasks(first: 20) { nodes { title } } } } } }`,
      );
  }
  again('changes', { streams: 1, pauseMs: 200 }, () =>
    account.query(
      `mutation { updateTask(input: { id: "${first?.id}", title: "Change ${randomUUID()}" }) { cursor } }`,
    ),
  );
  again('slow readers', { streams: 4, pauseMs: 100 }, async () => {
    const sockets = await Promise.all(Array.from({ length: SLOW_READERS / 4 }, () => connect(account)));
    for (const socket of sockets) {
      socket?.pause();
      for (let id = 0; socket && id < 20; id += 1)
        subscribe(socket, id, '{ tasks(first: 100) { nodes { description } } }');
    }
    await sleep(1_000);
    for (const socket of sockets) socket?.terminate();
  });
  again('searches', { streams: 3 }, () =>
    account.query('{ search(query: "\\"a a a a a\\"", first: 20) { __typename } }'),
  );
  const conditions = () =>
    Array.from({ length: 40 }, () => `{ title: { contains: "${randomUUID().slice(0, 6)}" } }`).join(' ');
  again('filters', { streams: 3 }, () =>
    account.query(`{ tasks(filter: { or: [${conditions()}] }) { totalCount } }`),
  );
  const aliases = Array.from(
    { length: 10 },
    (_, n) => `a${n}: tasks(first: 100) { nodes { id title labels owner { name } } }`,
  );
  again('documents', { streams: 3 }, () =>
    account.query(`query Q${randomUUID().replaceAll('-', '')} { ${aliases.join(' ')} }`),
  );
  again('uploads', { streams: 2 }, () => make(80, LONG_TEXT));
  again('shares', { streams: 2 }, async () => {
    const { createTasks } = await make(20, '');
    const shares = createTasks.tasks.map(
      ({ id }, n) => `s${n}: shareTask(input: { taskId: "${id}", email: "${victimEmail}" }) { cursor }`,
    );
    await account.query(`mutation { ${shares.join(' ')} }`);
  });
  again('sign-ups', { streams: 2 }, async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': anyAddress() },
      body: JSON.stringify({
        query: 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
        variables: { input: { name: 'H', email: `${randomUUID()}@example.com`, password: randomUUID() } },
      }),
    });
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    if (errors?.[0]) throw Object.assign(new Error('refused'), { code: errors[0].extensions.code });
  });
  parentPort?.postMessage('begun');
}

await attack();
