import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { openSession } from '../../server/database/session.ts';
import { people } from './fill.ts';
import { startOnCore, TASKWIRE } from './on-core.ts';
import type { Contender, Operation } from './operations.ts';

export interface Running {
  name: Contender;
  pid: number;
  /** Sends the operation once. @returns the response's text. */
  ask(operation: Operation): Promise<string>;
  requestOf(operation: Operation): { url: string; headers: Record<string, string>; body: string };
  residentBytes(): number;
  stop(): Promise<void>;
}

const programs: Record<Contender, { file: string; path: string }> = {
  raw: { file: 'ops/bench/contenders/raw.ts', path: '/' },
  'PostGraphile 5': { file: 'ops/bench/contenders/postgraphile.ts', path: '/graphql' },
  'PostGraphile 5 with rights': { file: 'ops/bench/contenders/postgraphile.ts', path: '/graphql' },
  'Apollo + Prisma': { file: 'ops/bench/contenders/apollo.ts', path: '/' },
  Taskwire: { file: TASKWIRE, path: '/graphql' },
};

/** Starts a contender in production mode, as a separate process on one core. @param flags extra options for Node. */
export async function startContender(
  name: Contender,
  databaseUrl: string,
  core: string,
  flags: string[] = [],
): Promise<Running> {
  const { file, path } = programs[name];
  const withRights = name === 'PostGraphile 5 with rights';
  const tokens = name === 'Taskwire' ? await issueTokens(databaseUrl) : null;
  const environment = {
    DATABASE_URL: databaseUrl,
    // Effectively unlimited, but points are still counted.
    RATE_LIMIT_POINTS: '1000000000',
    DATABASE_STATEMENTS_PER_PERSON: '9',
    STORAGE_ROWS_PER_PERSON: '0',
    STORAGE_MB_PER_PERSON: '0',
  };
  const { pid, url, residentBytes, stop } = await startOnCore({ name, file, path, core, environment, flags });

  const requestOf = (operation: Operation) => ({
    url,
    headers: {
      'content-type': 'application/json',
      ...(tokens ? { authorization: `Bearer ${tokens[operation.owner]}` } : {}),
      ...(withRights ? { 'x-viewer': people[operation.owner] } : {}),
    },
    body: JSON.stringify(operation.bodies[withRights ? 'PostGraphile 5' : name](people[operation.owner])),
  });

  const kept = new Agent({ keepAlive: true });
  return {
    name,
    pid,
    requestOf,
    ask: async (operation) => {
      const { headers, body } = requestOf(operation);
      // Cheaper than fetch: its time would count as the contender's.
      const asked = request(url, { method: 'POST', headers, agent: kept });
      asked.end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return text(answer);
    },
    residentBytes,
    stop: async () => {
      kept.destroy();
      await stop();
    },
  };
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
