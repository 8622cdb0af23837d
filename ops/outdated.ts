// npm run outdated
// Lists direct dependencies with a newer patch version. Exits with 1 if there are any.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** An entry of `npm outdated --json`; a list if a package occurs twice. */
interface Found {
  /** The newest version that the range allows. */
  wanted: string;
}

/** Its version depends on that of prisma. */
const FOLLOWS_PRISMA = '@prisma/schema-engine-wasm';

const root = join(import.meta.dirname, '..');
const { dependencies, devDependencies } = JSON.parse(
  await readFile(join(root, 'package.json'), 'utf8'),
) as Manifest;
const used = Object.fromEntries(
  Object.entries({ ...devDependencies, ...dependencies }).filter(([name]) => name !== FOLLOWS_PRISMA),
);

const behind = Object.entries(await newestPatches(used)).filter(([name, newest]) => newest !== used[name]);
for (const [name, newest] of behind) console.log(`${name}: ${used[name] ?? ''} → ${newest}`);
if (behind.length === 0) console.log('All direct dependencies are up to date.');
else process.exitCode = 1;

/**
 * package.json pins exact versions, so npm is run in a folder with a package.json that allows later patches.
 */
async function newestPatches(versions: Record<string, string>): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-outdated-'));
  try {
    const ranges = Object.fromEntries(
      Object.entries(versions).map(([name, version]) => [name, `~${version}`]),
    );
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: ranges }));
    const found = JSON.parse(await outputOf('npm', ['outdated', '--json'], folder)) as Record<string, Found>;
    const [refusal] = Object.values(found).filter(({ wanted }) => typeof wanted !== 'string');
    if (refusal) throw new Error(`npm outdated failed: ${JSON.stringify(found)}`);
    return Object.fromEntries(Object.entries(found).map(([name, { wanted }]) => [name, wanted]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function outputOf(command: string, args: string[], cwd: string): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  return output;
}
