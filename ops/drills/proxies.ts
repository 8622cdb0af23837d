// npm run drill:proxies
// Runs each installed proxy with its configuration from docs/proxies.md and uses Taskwire through it: sign-in, WebSocket,
// events, large bodies, HTTP/2 and private paths. Also tests nginx with default settings: HTTP/1.0 upstream, no forwarded
// Host header, basic authentication.
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { startProcess } from './server-process.ts';
import { freePort } from '../../server/database/free-port.ts';

const run = promisify(execFile);

export type ProxyName = 'nginx' | 'nginx with default settings' | 'Caddy' | 'HAProxy';

interface Proxy {
  program: string;
  /** The language of its code block in docs/proxies.md. */
  example: string;
  file: string;
  /** Completes the example to a whole configuration. */
  complete: (example: string, folder: string) => string;
  command: (file: string, folder: string) => string[];
  hasWebSocket: boolean;
}

const nginxAround = (servers: string, folder: string) => `
daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  ${servers}
}`;

const nginx: Proxy = {
  program: 'nginx',
  example: 'nginx',
  file: 'nginx.conf',
  complete: nginxAround,
  command: (file, folder) => ['-p', folder, '-c', file, '-e', `${folder}/error.log`],
  hasWebSocket: true,
};

const proxies: Record<ProxyName, Proxy> = {
  nginx,
  'nginx with default settings': {
    ...nginx,
    complete: (example, folder) => {
      const password = `satisfy all; auth_basic "proxy"; auth_basic_user_file ${folder}/passwords;`;
      return nginxAround(
        example
          .replaceAll(/^\s*(?:proxy_http_version|proxy_set_header|client_max_body_size) .*$/gm, '')
          .replace('location / {', `location / { ${password}`),
        folder,
      );
    },
    hasWebSocket: false,
  },
  Caddy: {
    program: 'caddy',
    example: 'caddyfile',
    file: 'Caddyfile',
    complete: (example) => `{\n  admin off\n  auto_https disable_redirects\n}\n${example}`,
    command: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
    hasWebSocket: true,
  },
  HAProxy: {
    program: 'haproxy',
    example: 'haproxy',
    file: 'haproxy.cfg',
    complete: (example) => example,
    command: (file) => ['-db', '-f', file],
    hasWebSocket: true,
  },
};

const BASIC = `Basic ${Buffer.from('gate:open sesame').toString('base64')}`;
const BIG_TEXT = 'x'.repeat(900_000);
const STARTS_WITHIN_MS = 10_000;
const RESPONDS_WITHIN_MS = 5_000;
/** Generous, for a busy machine; the exact time is reported. */
const FIRST_EVENT_WITHIN_MS = 3_000;

export interface ProxyReport {
  /** The checks, with the reason of a failure; null if passed. */
  checks: Record<string, string | null>;
  /** Milliseconds until the first event of a stream. */
  firstEventMs: number;
}

export async function isInstalled(name: ProxyName): Promise<boolean> {
  const { program } = proxies[name];
  return run('sh', ['-c', `command -v ${program} || PATH=$PATH:/usr/sbin command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/** @param environment of the server, such as its database. */
export async function tryProxy(name: ProxyName, environment: NodeJS.ProcessEnv = {}): Promise<ProxyReport> {
  const proxy = proxies[name];
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-proxy-'));
  const [outer, inner] = [await freePort(), await freePort()];
  const url = `https://localhost:${outer}`;
  const server = await startProcess({
    LOG_LEVEL: 'error',
    ...environment,
    PORT: String(inner),
    PUBLIC_URL: url,
    TRUST_PROXY: '1',
  });
  // nginx started by root runs its workers as another user.
  await chmod(folder, 0o755);
  const file = join(folder, proxy.file);
  await makeCertificate(folder);
  await writeFile(join(folder, 'passwords'), 'gate:{PLAIN}open sesame\n');
  await writeFile(file, proxy.complete(await exampleOf(proxy.example, { folder, outer, inner }), folder));
  await mkdir(join(folder, 'home'));
  const child = spawn(proxy.program, proxy.command(file, folder), {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, HOME: join(folder, 'home') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-2_000)));
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  try {
    const visitor = new Visitor(url, proxy.program === 'nginx' && !proxy.hasWebSocket ? BASIC : undefined);
    await visitor.untilUp(() => said);
    return await use(visitor, proxy);
  } finally {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(3_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function use(visitor: Visitor, proxy: Proxy): Promise<ProxyReport> {
  const checks: ProxyReport['checks'] = {};
  let firstEventMs = Infinity;
  const check = async (what: string, work: () => Promise<void>) => {
    checks[what] = await work().then(
      () => null,
      (error: unknown) => String(error),
    );
  };
  await check('sign-up sets a working cookie', () => visitor.signUp());
  await check('the page has its content security policy', async () => {
    const { headers } = await visitor.send('/', { headers: { accept: 'text/html' } });
    if (!String(headers['content-security-policy']).includes('frame-ancestors')) throw new Error('no policy');
  });
  await check('/metrics and /readyz are private', async () => {
    for (const path of ['/metrics', '/readyz']) {
      const { status } = await visitor.send(path);
      if (status !== 404) throw new Error(`${path} answers ${status}`);
    }
  });
  await check('a large body passes', async () => {
    const { status, text } = await visitor.query(`{ viewer { name } } # ${BIG_TEXT}`);
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 200)}`);
  });
  await check('responses are not cached', async () => {
    const { headers } = await visitor.query('{ viewer { name } }');
    if (headers['cache-control'] !== 'private, no-store') throw new Error(String(headers['cache-control']));
  });
  await check('events arrive at once', async () => {
    firstEventMs = await visitor.follow();
    if (firstEventMs > FIRST_EVENT_WITHIN_MS) throw new Error(`the first event took ${firstEventMs} ms`);
  });
  if (proxy.hasWebSocket) await check('a WebSocket opens with the cookie', () => visitor.openSocket());
  await check('HTTP/2 works', () => visitor.useHttp2());
  return { checks, firstEventMs };
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

class Visitor {
  readonly #url: string;
  readonly #password: string | undefined;
  #cookie = '';

  constructor(url: string, password: string | undefined) {
    this.#url = url;
    this.#password = password;
  }

  #headers(): Record<string, string> {
    return {
      origin: this.#url,
      ...(this.#cookie ? { cookie: this.#cookie } : {}),
      ...(this.#password ? { authorization: this.#password } : {}),
    };
  }

  async untilUp(said: () => string): Promise<void> {
    const until = Date.now() + STARTS_WITHIN_MS;
    for (;;) {
      const status = await this.send('/healthz').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (Date.now() > until) throw new Error(`The proxy did not answer (${status}): ${said()}`);
      await sleep(100);
    }
  }

  send(path: string, options: Sent = {}, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { ...this.#headers(), ...options.headers };
      const given = { ...options, headers, agent: false as const, rejectUnauthorized: false };
      const sent = request(this.#url + path, given, (answer) => {
        answer.toArray().then((chunks: Buffer[]) => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        }, reject);
      });
      sent.once('error', reject).end(body);
    });
  }

  query(query: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.send('/graphql', { method: 'POST', headers }, JSON.stringify({ query }));
  }

  async signUp(): Promise<void> {
    const answer = await this.query(
      `mutation { signUp(input: {name: "Ada", email: "ada.${randomUUID()}@example.com", password: "correct horse"}) { viewer { id } } }`,
    );
    const set = [answer.headers['set-cookie'] ?? []].flat();
    this.#cookie = set.map((line) => line.split(';', 1)[0] ?? '').join('; ');
    const { status, text } = await this.query('{ viewer { name } }');
    if (status !== 200)
      throw new Error(`${status}: ${text.slice(0, 300)}, after ${answer.text.slice(0, 300)}`);
  }

  /** @returns milliseconds until the first message. */
  follow(): Promise<number> {
    const began = performance.now();
    const headers = { ...this.#headers(), accept: 'text/event-stream' };
    const query = encodeURIComponent('subscription { events { cursor } }');
    return new Promise((resolve, reject) => {
      const given = { headers, agent: false as const, rejectUnauthorized: false };
      const sent = request(`${this.#url}/graphql?query=${query}`, given, (answer) => {
        answer
          .on('error', () => undefined)
          .on('data', (chunk: Buffer) => {
            if (!String(chunk).includes('event: next')) return;
            resolve(performance.now() - began);
            sent.destroy();
          });
      });
      sent.setTimeout(RESPONDS_WITHIN_MS, () => sent.destroy(new Error('no message')));
      sent.on('error', reject).end();
    });
  }

  openSocket(): Promise<void> {
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: this.#headers(),
      rejectUnauthorized: false,
      handshakeTimeout: RESPONDS_WITHIN_MS,
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject).once('close', (code) => {
        reject(new Error(`closed with ${code}`));
      });
      socket.once('open', () => {
        socket.send('{"type":"connection_init"}');
      });
      socket.once('message', (data: Buffer) => {
        if (String(data).includes('connection_ack')) resolve();
        socket.terminate();
      });
    });
  }

  async useHttp2(): Promise<void> {
    const session = connectHttp2(this.#url, { rejectUnauthorized: false });
    try {
      const status = await new Promise<number>((resolve, reject) => {
        session.once('error', reject);
        const sent = session.request({ ':path': '/graphql?query={viewer{name}}', ...this.#headers() });
        sent.once('response', (headers) => {
          resolve(headers[':status'] ?? 0);
        });
        sent.once('error', reject).end();
      });
      if (status !== 200) throw new Error(`answers ${status}`);
    } finally {
      session.destroy();
    }
  }
}

interface Places {
  folder: string;
  outer: number;
  inner: number;
}

async function exampleOf(language: string, { folder, outer, inner }: Places): Promise<string> {
  const guide = await readFile(join(import.meta.dirname, '../../docs/proxies.md'), 'utf8');
  const example = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(guide)?.[1];
  if (!example) throw new Error(`docs/proxies.md has no example for ${language}`);
  return example
    .replaceAll('/etc/ssl/', `${folder}/`)
    .replaceAll('127.0.0.1:4000', `127.0.0.1:${inner}`)
    .replaceAll('listen 443', `listen 127.0.0.1:${outer}`)
    .replaceAll('bind :443', `bind 127.0.0.1:${outer}`)
    .replaceAll('server_name tasks.example.com', 'server_name localhost')
    .replaceAll(/^tasks\.example\.com \{/gm, `https://localhost:${outer} {`);
}

async function makeCertificate(folder: string): Promise<void> {
  const [certificate, key] = ['pem', 'key'].map((end) => join(folder, `tasks.example.com.${end}`));
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key ?? '', '-out', certificate ?? ''],
  ]);
  const both = await Promise.all([certificate, key].map((file) => readFile(file ?? '')));
  await writeFile(join(folder, 'tasks.example.com.both.pem'), Buffer.concat(both));
}

if (import.meta.main) {
  for (const name of Object.keys(proxies) as ProxyName[]) {
    if (!(await isInstalled(name))) {
      console.log(`▸ ${name}: not installed, SKIPPED`);
      continue;
    }
    const { checks, firstEventMs } = await tryProxy(name);
    console.log(`▸ ${name}: first event after ${firstEventMs.toFixed(0)} ms`);
    for (const [what, failure] of Object.entries(checks)) {
      console.log(failure === null ? `  ✓ ${what}` : `  ✗ ${what}: ${failure}`);
      if (failure !== null) process.exitCode = 1;
    }
  }
}
