// `npm run check`: runs all parts in parallel, and shows the output of failed ones.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

const parts: Record<string, string> = {
  'types of the client': 'svelte-check --workspace client --tsconfig ./tsconfig.json --fail-on-warnings',
  'types of the service worker': 'tsc --project client/src/service-worker',
  'lint of the server':
    'eslint . --ignore-pattern client --max-warnings 0 --cache --cache-location node_modules/.cache/taskwire/eslint-server',
  'lint of the client':
    'eslint client --max-warnings 0 --cache --cache-location node_modules/.cache/taskwire/eslint-client',
  'types of the server': 'tsc --project tsconfig.json',
  format: 'prettier --check --cache --log-level warn .',
  'import directions':
    'depcruise --config .dependency-cruiser.js --output-type err client schema server ops prisma tests',
  'unused code': 'knip',
  'printed schema': 'node ops/check-schema.ts',
  'API reference': 'node ops/api-reference.ts --check',
  'table of variables': 'node ops/readme-variables.ts --check',
  'table of requirements': 'node tests/kit/requirements-table.ts --check',
};

const began = performance.now();
const failed: string[] = [];
await Promise.all(
  Object.entries(parts).map(async ([name, command]) => {
    const { code, output } = await run(command);
    console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(began)})`);
    if (code === 0) return;
    failed.push(name);
    console.log(`  $ ${command}\n${output.trimEnd().replaceAll(/^/gm, '  ')}\n`);
  }),
);
console.log(failed.length === 0 ? `All checks passed (${seconds(began)}).` : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function run(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: Buffer.concat(output).toString() };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
