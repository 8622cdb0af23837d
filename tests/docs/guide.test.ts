import { spawn, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as errors from '../../server/errors.ts';
import { startWorld, type Person } from '../kit/world.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const QUICK_START = join(DOCS, 'api/quick-start');

const world = await startWorld();

/** Runs a file of the guide as a reader does. @returns what it prints. */
async function run(program: string, file: string, token = ''): Promise<string> {
  const child = spawn(program, [file], {
    cwd: QUICK_START,
    env: { ...process.env, TASKWIRE_URL: world.url, TASKWIRE_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(code, printed).toBe(0);
  return printed;
}

async function tokenOf(person: Person): Promise<string> {
  const { createApiToken } = await person.query<{ createApiToken: { token: string } }>(
    'mutation { createApiToken(input: { name: "Quick start", scopes: [READ, WRITE] }) { token } }',
  );
  return createApiToken.token;
}

async function titlesOf(person: Person): Promise<string[]> {
  const { tasks } = await person.query<{ tasks: { nodes: { title: string }[] } }>(
    '{ tasks { nodes { title } } }',
  );
  return tasks.nodes.map(({ title }) => title);
}

const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe('[T062] the quick start', () => {
  test.runIf(has('curl'))(
    'with curl creates an account, a token and a task, and reads statistics',
    async () => {
      const printed = await run('sh', 'curl.sh');
      expect(printed).toMatch(/"id":"task_\w{26}","title":"Water the plants"/);
      expect(printed).toContain('"statistics":{"total":1,"pending":1,"completed":0,"shared":0}');
    },
  );

  const node = process.execPath;
  test.for([
    ['fetch.mjs', node, /Created task_\w{26}\nTODO: Water the plants\nTODO: Order paper\n$/],
    ['python.py', 'python3', /'statistics': \{'total': 2, 'pending': 2, 'completed': 0, 'shared': 0\}/],
    ['urql.mjs', node, /Created task_\w{26}\n\{.* total: 2, pending: 2 \}/],
    ['apollo.mjs', node, /Created task_\w{26}\n\{.* total: 2, pending: 2 \}/],
  ] as const)('with %s creates a task', async ([file, language, printed], { skip }) => {
    if (language === 'python3' && !has(language)) skip('Python is not installed here');
    const { grace } = await world.people('Grace');
    await grace.createTask('Order paper');
    expect(await run(language, file, await tokenOf(grace))).toMatch(printed);
    expect(await titlesOf(grace)).toEqual(['Water the plants', 'Order paper']);
  });

  test('[FR-021] live.mjs receives events, and missed events after a disconnect', async () => {
    const { grace } = await world.people('Grace');
    const follow = async (cursor: string, until: RegExp) => {
      const child = spawn(process.execPath, ['live.mjs'], {
        cwd: QUICK_START,
        env: {
          ...process.env,
          TASKWIRE_URL: world.url,
          TASKWIRE_TOKEN: grace.token,
          TASKWIRE_CURSOR: cursor,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let printed = '';
      for await (const chunk of child.stdout.setEncoding('utf8')) {
        printed += String(chunk);
        if (printed.includes('Up to date.') && !printed.includes('later')) await grace.createTask('later');
        if (until.test(printed)) break;
      }
      child.kill();
      return printed;
    };
    const { cursor } = await grace.query<{ cursor: string }>('{ cursor }');
    await grace.createTask('missed');
    expect(await follow(cursor, /later/)).toBe(
      'Grace: TASK_CREATED missed\nUp to date.\nGrace: TASK_CREATED later\n',
    );
  });

  test('[FR-021] server-sent events deliver events without a WebSocket', async () => {
    const { grace } = await world.people('Grace');
    const { body } = await fetch(`${world.url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${grace.token}`,
      },
      body: JSON.stringify({ query: 'subscription { events { event { kind } } }' }),
    });
    const text = new TextDecoder();
    let received = '';
    for await (const chunk of body as ReadableStream<Uint8Array>) {
      const isNew = !received.includes('"event":null');
      received += text.decode(chunk, { stream: true });
      if (isNew && received.includes('"event":null')) await grace.createTask('Order paper');
      if (received.includes('TASK_CREATED')) break;
    }
    expect(received).toMatch(/event: next\ndata: .*"kind":"TASK_CREATED"/);
  });

  test('with a wrong token prints the reason', async () => {
    await expect(run(process.execPath, 'fetch.mjs', 'twp_wrong')).rejects.toThrow('UNAUTHENTICATED');
    await expect(run(process.execPath, 'live.mjs', 'twp_wrong')).rejects.toThrow('The token is not valid.');
  });
});

describe('[T062] the guide to the API', () => {
  const guide = readFileSync(join(DOCS, 'api/README.md'), 'utf8');

  test('lists every error code', () => {
    const codes = Object.values(errors)
      .filter((thing) => typeof thing === 'function' && thing !== errors.TaskwireError)
      .map((Refusal) => new (Refusal as typeof errors.Conflict)('', {}).code);
    const listed = [...guide.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    const others = ['INTERNAL', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'];
    expect(listed.toSorted()).toEqual([...new Set([...codes, ...others])].toSorted());
  });

  const unknown = '{ task(id: "task_01m830p3k2fzxrg109ygm0tfp0") { id } }';
  const nameless = 'mutation { createTask(input: { title: "" }) { cursor } }';
  const taken = 'mutation { createTeam(input: { name: "Orchard" }) { cursor } }';
  test.each([
    ['UNAUTHENTICATED', '{ viewer { name } }', '', [401, 401]],
    ['UNAUTHENTICATED', '{ viewer { name } }', 'twp_wrong', [401, 401]],
    ['FORBIDDEN', 'mutation { signOut { signedOut } }', 'token', [200, 200]],
    ['NOT_FOUND', unknown, 'token', [200, 200]],
    ['VALIDATION_FAILED', nameless, 'token', [200, 200]],
    ['CONFLICT', taken, 'token', [200, 200]],
    ['GRAPHQL_PARSE_FAILED', '{', 'token', [200, 400]],
    ['GRAPHQL_VALIDATION_FAILED', '{ weather }', 'token', [200, 400]],
    ['BAD_USER_INPUT', 'query ($id: ID!) { task(id: $id) { id } }', 'token', [400, 400]],
  ])('documents the HTTP status of %s, as for %s', async (code, query, credential, statuses) => {
    const { grace, alan } = await world.people('Grace', 'Alan');
    if (query === taken) await alan.query(taken).catch(() => undefined);
    const token = credential === 'token' ? await tokenOf(grace) : credential;
    const said = await Promise.all(
      ['application/json', 'application/graphql-response+json'].map(async (accept) => {
        const response = await fetch(`${world.url}/graphql`, {
          method: 'POST',
          headers: {
            accept,
            'content-type': 'application/json',
            ...(token && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ query }),
        });
        const { errors: [refusal] = [] } = (await response.json()) as {
          errors?: { extensions: { code: string } }[];
        };
        expect(refusal?.extensions.code).toBe(code);
        return response.status;
      }),
    );
    expect(said).toEqual(statuses);
    const row = guide.split('\n').find((line) => line.startsWith(`| \`${code}\``));
    for (const status of said) expect(row?.split('|')[2]).toContain(String(status));
  });

  test('documents how to get the cost and the remaining points', async () => {
    const { grace } = await world.people('Grace');
    const ask = async (query: string, cost: string) => {
      const response = await fetch(`${world.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${grace.token}` },
        body: JSON.stringify({ query, extensions: { cost } }),
      });
      return { headers: response.headers, answer: (await response.json()) as unknown };
    };
    const { headers, answer } = await ask('{ viewer { name } }', 'include');
    expect(answer).toMatchObject({
      data: { viewer: { name: 'Grace' } },
      extensions: { cost: { most: 25_000 } },
    });
    expect(Number(headers.get('ratelimit-limit'))).toBe(1_000_000);
    for (const name of [
      'ratelimit-remaining',
      'ratelimit-reset',
      'x-request-id',
      'x-response-time',
      'server-timing',
    ])
      expect(headers.has(name), name).toBe(true);
    const dry = await ask('mutation { createTask(input: { title: "Never" }) { cursor } }', 'dry-run');
    expect(dry.answer).toMatchObject({
      data: null,
      extensions: { cost: { points: expect.any(Number) as number } },
    });
    expect(await titlesOf(grace)).toEqual([]);
  });

  test('has no broken links', () => {
    const pages = globSync('**/*.md', { cwd: DOCS }).map((file) => join(DOCS, file));
    const lost = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !link.startsWith('https:') && !leads(page, link))
        .map((link) => `${relative(DOCS, page)}: ${link}`),
    );
    expect(lost).toEqual([]);
  });
});

/** Whether a link on a page leads to an existing file and heading. */
function leads(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  const [found] = globSync(target);
  if (!found || heading === undefined) return found !== undefined;
  const headings = [...readFileSync(found, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return headings.some(
    (text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-') === heading,
  );
}
