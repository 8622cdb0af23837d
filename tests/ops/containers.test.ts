import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DockerfileParser } from 'dockerfile-ast';
import { expect, onTestFinished, test } from 'vitest';
import { launch } from '../../ops/drills/server-process.ts';
import { readConfig, variables } from '../../server/config.ts';
import { composeWith, containers, serversOf, textOf, yamlOf } from '../kit/containers.ts';
import { freshDatabase } from '../kit/database.ts';
import { scratchFolder } from '../kit/ops.ts';

const root = resolve(containers, '../..');
const settings = Object.fromEntries(
  [...textOf('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]),
);
const filled = Object.fromEntries(
  Object.keys(settings).map((name) => [name, `${name.toLowerCase()}-of-thirty-two-characters`]),
);
const compose = composeWith({ ...filled, DOMAIN: 'tasks.example.com', ADMIN_EMAILS: '' });
const ignoreRules = readFileSync(join(root, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));
const services = Object.entries(compose.services);
const dockerfile = DockerfileParser.parse(textOf('Dockerfile'));

test('the operator of the containers edits one file, which has every setting and no secret', () => {
  const asked = ['compose.yaml', 'compose.logs.yaml'].flatMap((file) =>
    [...textOf(file).matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name),
  );
  expect([...new Set(asked)].sort()).toEqual(Object.keys(settings).sort());
  expect(Object.values(settings).join('')).toBe('');
  expect(readFileSync(join(root, '.gitignore'), 'utf8').split('\n')).toContain('ops/containers/.env');
});

test('the servers get their settings, trust one proxy, and share the secret, the database and Redis', () => {
  const names = serversOf(compose);
  expect(names.length).toBeGreaterThanOrEqual(2);
  const [first] = names;
  const image = imageEnvironment();
  for (const name of [...names, 'backup']) {
    const environment = { ...image, ...compose.services[name]?.environment };
    expect(Object.keys(variables), name).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(environment, name).toEqual({ ...image, ...compose.services[first ?? '']?.environment });
    const config = readConfig(environment);
    expect(config).toMatchObject({ host: '0.0.0.0', trustProxy: 1, publicUrl: 'https://tasks.example.com' });
    expect(config.authSecret).toBe(filled['AUTH_SECRET']);
    expect(new URL(config.databaseUrl ?? '').hostname).toBe('postgres');
    expect(new URL(config.redisUrl ?? '').hostname).toBe('redis');
    expect(compose.services[name]?.volumes?.join()).toContain(`backups:${config.backupDir}`);
  }
});

test('only the proxy is reachable from outside, and the data stores have no access to the internet', () => {
  for (const [name, { ports = [], networks }] of services) {
    const outside = ports.filter((port) => !port.startsWith('127.0.0.1:'));
    expect(outside.length > 0, name).toBe(name === 'caddy');
    for (const network of networks) expect(Object.keys(compose.networks), name).toContain(network);
  }
  for (const name of ['postgres', 'redis', 'backup']) {
    const { ports, networks } = compose.services[name] ?? {};
    expect(ports, name).toBeUndefined();
    expect(
      networks?.every((network) => compose.networks[network]?.internal),
      name,
    ).toBe(true);
  }
});

test('each container has minimal rights and limited resources', () => {
  for (const [name, service] of services) {
    expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'], restart: 'unless-stopped' });
    expect(service.security_opt, name).toContain('no-new-privileges:true');
    expect(service.cap_add ?? [], name).toEqual(name === 'caddy' ? ['NET_BIND_SERVICE'] : []);
    expect(service.mem_limit, name).toMatch(/^\d+[mg]$/);
    expect(service.cpus, name).toBeGreaterThan(0);
    expect(service.image, name).toMatch(/:[\w.-]+$/);
  }
});

test('each container waits for healthy dependencies, and every mounted file and volume exists', () => {
  const hasCheck = (name: string) => {
    const { image, healthcheck } = compose.services[name] ?? {};
    return healthcheck ? !healthcheck.disable : Boolean(image?.startsWith('taskwire:'));
  };
  for (const [name, { depends_on = {}, volumes = [] }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(condition, `${name} on ${other}`).toBe('service_healthy');
      expect(hasCheck(other), other).toBe(true);
    }
    for (const [source = '', , mode] of volumes.map((volume) => volume.split(':'))) {
      if (!source.startsWith('.')) expect(Object.keys(compose.volumes), name).toContain(source);
      else {
        expect(existsSync(join(containers, source)), `${name}: ${source}`).toBe(true);
        expect(mode, `${name}: ${source}`).toBe('ro');
      }
    }
  }
  expect(Object.keys(compose.services['caddy']?.depends_on ?? {})).toEqual(serversOf(compose));
});

test('no path for operators is public through the proxy (L12)', () => {
  const [, hidden = ''] = /@private path (.*)\n\trespond @private 404/.exec(textOf('Caddyfile')) ?? [];
  expect(hidden.split(' ').sort()).toEqual(['/metrics', '/readyz']);
});

test('the proxy, the monitoring and the log shipper know the same servers', () => {
  const { port } = readConfig(imageEnvironment());
  const addresses = serversOf(compose).map((name) => `${name}:${port}`);
  const proxied = /reverse_proxy ([^{]*)\{/.exec(textOf('Caddyfile'))?.[1]?.trim().split(/\s+/);
  expect(proxied).toEqual(addresses);
  const { scrape_configs: jobs } = yamlOf<{
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  }>('prometheus/prometheus.yaml');
  expect(jobs.find(({ job_name }) => job_name === 'taskwire')?.static_configs[0]?.targets).toEqual(addresses);
  const shipped = Object.keys(yamlOf<{ services: object }>('compose.logs.yaml').services);
  expect(shipped).toEqual([...serversOf(compose), 'backup', 'vector']);
});

test('Caddy accepts the proxy’s configuration', (context) => {
  const file = join(containers, 'Caddyfile');
  const { status, stderr, error } = spawnSync(
    'caddy',
    ['validate', '--adapter', 'caddyfile', '--config', file],
    { encoding: 'utf8', env: { ...process.env, DOMAIN: 'tasks.example.com' } },
  );
  if (error) {
    console.log('▸ There is no caddy, so the test of its settings is SKIPPED.');
    context.skip();
  }
  expect(status, stderr).toBe(0);
});

test('the image is built from existing files, and does not run as root', () => {
  const sources = dockerfile
    .getCOPYs()
    .filter((copy) => !copy.getFlags().some((flag) => flag.getName() === 'from'))
    .flatMap((copy) =>
      copy
        .getArguments()
        .slice(0, -1)
        .map((argument) => argument.getValue()),
    );
  for (const source of sources) {
    expect(existsSync(join(root, source)) && isSent(join(root, source)), source).toBe(true);
  }
  expect(lastOf('USER')).toBe('node');
  expect(lastOf('EXPOSE')).toBe(String(readConfig(imageEnvironment()).port));
  expect(Object.keys(variables)).toEqual(expect.arrayContaining(Object.keys(imageEnvironment())));
  for (const kept of ['.env', '.data', 'backups', '.git', 'node_modules', 'ops/containers/.env'])
    expect(isSent(join(root, kept)), kept).toBe(false);
});

test(
  'the build context is enough to start, become healthy, and stop in order',
  { timeout: 90_000 },
  async () => {
    const app = join(await scratchFolder(), 'app');
    cpSync(root, app, { recursive: true, filter: isSent });
    // Like the build's own steps; the first of them would need the network.
    symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
    for (const made of ['prisma/generated', 'client/build'])
      if (existsSync(join(root, made))) cpSync(join(root, made), join(app, made), { recursive: true });

    const [program = '', ...args] = JSON.parse(lastOf('CMD')) as string[];
    const server = launch(program === 'node' ? process.execPath : program, args, {
      cwd: app,
      env: {
        PATH: process.env['PATH'],
        ...imageEnvironment(),
        HOST: '127.0.0.1',
        PORT: '0',
        DATA_DIR: join(app, 'data'),
        DATABASE_URL: await freshDatabase(),
        AUTH_SECRET: filled['AUTH_SECRET'],
      },
    });
    onTestFinished(async () => {
      server.signal('SIGKILL');
      await server.exited;
    });
    const { port } = new URL(await server.ready());

    const check = /CMD (\[.*\])$/s.exec(lastOf('HEALTHCHECK'))?.[1] ?? '';
    const [, ...checking] = JSON.parse(check.replace(':4000/', `:${port}/`)) as string[];
    await promisify(execFile)(process.execPath, checking);

    server.signal('SIGTERM');
    expect((await server.exited).code).toBe(0);
    await expect(promisify(execFile)(process.execPath, checking)).rejects.toMatchObject({ code: 1 });
  },
);

/** The environment of the image. */
function imageEnvironment(): Record<string, string> {
  return Object.fromEntries(
    dockerfile
      .getENVs()
      .flatMap((env) => env.getProperties().map((one) => [one.getName(), one.getValue() ?? ''] as const)),
  );
}

function lastOf(keyword: string): string {
  const of = dockerfile.getInstructions().filter((instruction) => instruction.getKeyword() === keyword);
  return of.at(-1)?.getArgumentsContent() ?? '';
}

/** Whether .dockerignore includes a file. Its lines are plain paths; the last match counts. */
function isSent(path: string): boolean {
  const name = relative(root, path);
  const last = ignoreRules.findLast((rule) => {
    const of = rule.replace(/^!/, '');
    return of === '*' || name === of || name.startsWith(`${of}/`);
  });
  return name === '' || last?.startsWith('!') === true;
}
