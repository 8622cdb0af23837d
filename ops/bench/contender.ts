import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSession } from '../../server/database/session.ts';
import { NODE_FLAGS } from '../node-flags.ts';
import { people } from './fill.ts';
import type { Contender, Operation } from './operations.ts';

export interface Running {
  name: Contender;
  pid: number;
  /** Sends the operation once. @returns the response's text. */
  ask(operation: Operation): Promise<string>;
  /** The request for the load generator. */
  requestOf(operation: Operation): { url: string; headers: Record<string, string>; body: string };
  /** The resident set size of the process. */
  residentBytes(): number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const root = join(import.meta.dirname, '../..');

const programs: Record<Contender, { file: string; path: string }> = {
  raw: { file: 'ops/bench/contenders/raw.ts', path: '/' },
  'PostGraphile 5': { file: 'ops/bench/contenders/postgraphile.ts', path: '/graphql' },
  'Apollo + Prisma': { file: 'ops/bench/contenders/apollo.ts', path: '/' },
  Taskwire: { file: 'server/main.ts', path: '/graphql' },
};

/** Starts a contender in production mode, as a separate process on one core. @param flags extra options for Node. */
export async function startContender(
  name: Contender,
  databaseUrl: string,
  core: string,
  flags: string[] = [],
): Promise<Running> {
  const { file, path } = programs[name];
  const port = await freePort();
  const tokens = name === 'Taskwire' ? await issueTokens(databaseUrl) : null;
  const profiling = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  const all = [...(tokens ? [...NODE_FLAGS, ...profiling] : []), ...flags];
  const child = spawn('taskset', ['-c', core, process.execPath, ...all, join(root, file)], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      HOST: '127.0.0.1',
      // Effectively unlimited, but points are still counted.
      RATE_LIMIT_POINTS: '1000000000',
      DATABASE_STATEMENTS_PER_PERSON: '9',
      STORAGE_ROWS_PER_PERSON: '0',
      STORAGE_MB_PER_PERSON: '0',
      DATA_DIR: join(import.meta.dirname, '.data'),
      AUTH_SECRET: 'only-ever-used-for-measurements-on-this-machine',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  const pid = child.pid ?? 0;
  const url = `http://127.0.0.1:${port}${path}`;

  const requestOf = (operation: Operation) => ({
    url,
    headers: {
      'content-type': 'application/json',
      ...(tokens ? { authorization: `Bearer ${tokens[operation.owner]}` } : {}),
    },
    body: JSON.stringify(operation.bodies[name](people[operation.owner])),
  });

  const kept = new Agent({ keepAlive: true });
  const began = performance.now();
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() - began > READY_WITHIN_MS) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start`);
    }
    await sleep(50);
  }
  return {
    name,
    pid,
    requestOf,
    ask: async (operation) => {
      const { headers, body } = requestOf(operation);
      // Cheaper than fetch, whose time would count as the contender's.
      const asked = request(url, { method: 'POST', headers, agent: kept });
      asked.end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return text(answer);
    },
    residentBytes: () => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    },
    stop: async () => {
      kept.destroy();
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const body = JSON.stringify({ query: '{ __typename }' });
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
    async (response) => {
      await response.text();
      return response.ok;
    },
    () => false,
  );
}

/** Issues API tokens with known values. */
async function issueTokens(databaseUrl: string): Promise<Record<Operation['owner'], string>> {
  await using client = await openSession(databaseUrl, { application_name: 'taskwire bench' });
  const tokens = Object.fromEntries(Object.keys(people).map((owner) => [owner, `twp_bench-${owner}`]));
  for (const [owner, token] of Object.entries(tokens)) {
    await client.query(
      `INSERT INTO api_tokens (id, user_id, name, hash, scopes)
       SELECT gen_random_uuid(), id, 'benchmark', $2, '{READ,WRITE}' FROM users WHERE id = $1 ON CONFLICT DO NOTHING`,
      [people[owner as Operation['owner']], createHash('sha256').update(token).digest()],
    );
  }
  return tokens as Record<Operation['owner'], string>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
