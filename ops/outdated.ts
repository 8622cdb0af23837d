// npm run outdated
// Lists the direct dependencies that are behind the newest patch of their minor version. Exits with 1 when there are any.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** What `npm outdated --json` says of a package; a list where one name is wanted twice. */
interface Found {
  /** The newest version that the range allows. */
  wanted: string;
}

/** Each of its builds goes with one version of prisma, so the newest is no patch of the one in use. */
const FOLLOWS_PRISMA = '@prisma/schema-engine-wasm';

const root = join(import.meta.dirname, '..');
const { dependencies, devDependencies } = JSON.parse(
  await readFile(join(root, 'package.json'), 'utf8'),
) as Manifest;
const used = Object.fromEntries(
  Object.entries({ ...devDependencies, ...dependencies }).filter(([name]) => name !== FOLLOWS_PRISMA),
);

const behind = Object.entries(await newestPatches(used)).filter(([name, newest]) => newest !== used[name]);
for (const [name, newest] of behind)
  console.log(`${name}: ${used[name] ?? ''} is used, ${newest} is current`);
if (behind.length === 0) console.log('Every direct dependency is at its current patch.');
else process.exitCode = 1;

/**
 * package.json names exact versions, which are all that npm would ask for. So npm is asked in a folder whose
 * package.json allows each version's later patches.
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
    if (refusal) throw new Error(`npm could not look them up: ${JSON.stringify(found)}`);
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
