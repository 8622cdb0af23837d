// Generates files that are not in the repository: typed clients and the built dashboard. `npm start`, `npm test` and
// `npm run check` run it first, so it must be fast when everything is up to date.
//   node ops/prepare.ts [step …] [--again]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

interface Step {
  name: string;
  title: string;
  /** Files and folders; the step runs again when their content changes. */
  inputs: string[];
  except?: string[];
  /** All must exist. The first is a folder that only this step writes to; it contains the stamp. */
  outputs: [folder: string, ...others: string[]];
  folder?: string;
  command: string[];
  environment?: () => NodeJS.ProcessEnv;
}

const root = join(import.meta.dirname, '..');
const GENERATED_IN_CLIENT = [
  'client/src/gql',
  'client/src/messages/.wuchale',
  'client/src/messages/en.po',
  'client/build',
  'client/.svelte-kit',
  'client/node_modules',
];
const STAMP = '.stamp';

const steps: Step[] = [
  {
    name: 'prisma',
    title: 'database client',
    inputs: ['prisma/schema.prisma', 'prisma.config.ts'],
    outputs: ['prisma/generated', 'prisma/generated/client/client.ts', 'prisma/generated/pothos.ts'],
    command: ['prisma', 'generate'],
    environment: prismaEnvironment,
  },
  {
    name: 'documents',
    title: 'typed documents',
    inputs: ['schema/schema.graphql', 'codegen.ts', 'client/src'],
    except: GENERATED_IN_CLIENT,
    outputs: ['client/src/gql', 'client/src/gql/graphql.ts'],
    command: ['graphql-codegen', '--config', 'codegen.ts'],
  },
  {
    name: 'kit',
    title: 'route types',
    inputs: ['client/src/routes', 'client/vite.config.ts'],
    outputs: ['client/.svelte-kit', 'client/node_modules/$app'],
    folder: 'client',
    command: ['svelte-kit', 'sync'],
  },
  {
    name: 'messages',
    title: 'catalogs of messages',
    inputs: ['client/src', 'client/wuchale.config.js'],
    except: GENERATED_IN_CLIENT,
    outputs: ['client/src/messages/.wuchale'],
    folder: 'client',
    command: ['wuchale', '--log-level', 'warn'],
  },
  {
    name: 'dashboard',
    title: 'dashboard',
    inputs: ['client', 'schema/schema.graphql', 'codegen.ts'],
    except: GENERATED_IN_CLIENT,
    outputs: ['client/build', 'client/build/200.html'],
    folder: 'client',
    command: ['vite', 'build'],
  },
  {
    name: 'graphiql',
    title: 'explorer GraphiQL',
    inputs: ['server/graphiql', 'ops/graphiql-files.ts'],
    except: ['server/graphiql/build'],
    outputs: ['server/graphiql/build', 'server/graphiql/build/index.html'],
    command: ['node', 'ops/graphiql-files.ts'],
  },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { again: { type: 'boolean' } },
});
const unknown = positionals.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. Steps: ${steps.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

const packages = readFileSync(join(root, 'package-lock.json'));
for (const step of steps) {
  if (positionals.length > 0 && !positionals.includes(step.name)) continue;
  const state = fingerprint(step);
  if (!values.again && isCurrent(step, state)) continue;
  await run(step);
  mkdirSync(join(root, step.outputs[0]), { recursive: true });
  writeFileSync(join(root, step.outputs[0], STAMP), state);
}

function isCurrent(step: Step, state: string): boolean {
  const stamp = join(root, step.outputs[0], STAMP);
  return (
    step.outputs.every((path) => existsSync(join(root, path))) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === state
  );
}

function fingerprint(step: Step): string {
  const hash = createHash('sha256').update(packages).update(step.command.join(' '));
  for (const path of step.inputs.flatMap((input) => filesIn(input, step.except ?? []))) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path}\0${String(content.length)}\0`).update(content);
  }
  return hash.digest('hex');
}

function filesIn(path: string, except: string[]): string[] {
  if (except.includes(path)) return [];
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  try {
    const entries = readdirSync(absolute).sort();
    return entries.flatMap((entry) => filesIn(relative(root, join(absolute, entry)), except));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path];
    throw error;
  }
}

async function run(step: Step): Promise<void> {
  const [program = '', ...parameters] = step.command;
  const bin = join(root, 'node_modules/.bin');
  const began = performance.now();
  if (!existsSync(join(bin, program))) refuseWithout(program, step);
  process.stdout.write(`▸ Generating the ${step.title} … `);
  // Removed first, so that an interrupted step runs again.
  rmSync(join(root, step.outputs[0], STAMP), { force: true });
  const child = spawn(join(bin, program), parameters, {
    cwd: join(root, step.folder ?? '.'),
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      ...step.environment?.(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) {
    console.log('failed');
    console.error(`${Buffer.concat(output).toString()}\n${step.command.join(' ')} failed: see above.`);
    process.exit(1);
  }
  console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function refuseWithout(program: string, { title }: Step): never {
  console.error(
    `Generating the ${title} needs the development dependency ${program}. Run "npm ci --include=dev", ` +
      'then "npm start". Afterwards you can run "npm prune --omit=dev".',
  );
  process.exit(1);
}

/**
 * Prisma's generator downloads its schema engine if it is missing, but does not use it. Pointing it to any file keeps the
 * step offline.
 */
function prismaEnvironment(): NodeJS.ProcessEnv {
  const offline = { CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  if (process.env['PRISMA_SCHEMA_ENGINE_BINARY']) return offline;
  const engines = readdirSync(join(root, 'node_modules/@prisma/engines'));
  if (engines.some((file) => file.startsWith('schema-engine'))) return offline;
  return { ...offline, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
}
