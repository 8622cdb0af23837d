// The cost of tracing with default settings: Taskwire compared with a version that measures nothing, on the same core.
import { join } from 'node:path';
import type { Client } from 'pg';
import { startContender, type Running } from './contender.ts';
import { SERVER_CORE } from './cpu.ts';
import { loadFor } from './load.ts';
import { operations } from './operations.ts';
import { conditions, table, logProgress, twoDigits } from './results.ts';

type Name = (typeof NAMES)[number];

/** CPU time per response in milliseconds, over alternating periods. */
interface Sides {
  traced: number;
  untraced: number;
}

interface Compared {
  operation: Name;
  /** One entry per pair of processes. */
  pairs: Sides[];
}

const NAMES = ['Q0', 'Q1'] as const;
const MOST_RATIO = 1.05;
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 1;
const STRETCH_SECONDS = 0.5;
const STRETCHES = 8;
/** Two processes of the same program differ for as long as they run, so pairs are replaced often. */
const LEAST_PROCESSES = 6;
const MOST_PROCESSES = 30;

/** Compares until the ratio is clearly above or below the goal, or MOST_PROCESSES is reached. */
export async function measureTracing(url: string, observer: Client): Promise<Compared[]> {
  const compared: Compared[] = NAMES.map((operation) => ({ operation, pairs: [] }));
  let open = compared;
  for (let n = 1; n <= MOST_PROCESSES && open.length > 0; n += 1) {
    logProgress(`Tracing, processes ${n}`);
    await comparePair(url, observer, open);
    if (n >= LEAST_PROCESSES) open = compared.filter((one) => !isDecided(one));
  }
  return compared;
}

async function comparePair(url: string, observer: Client, compared: Compared[]): Promise<void> {
  const untracing = ['--import', join(import.meta.dirname, 'contenders/untraced.ts')];
  await using running = new AsyncDisposableStack();
  const start = async (flags: string[]) =>
    running.adopt(await startContender('Taskwire', url, SERVER_CORE, flags), (server) => server.stop());
  const servers = [await start([]), await start(untracing)];
  for (const { operation, pairs } of compared) {
    const load = (server: Running, seconds: number) =>
      loadFor(server, operations[operation], CONNECTIONS, seconds, observer);
    for (const server of servers) await load(server, WARM_UP_SECONDS);
    const sides = servers.map((server) => ({ server, answers: 0, ms: 0 }));
    for (let n = 0; n < STRETCHES; n += 1)
      for (const side of n % 2 === 0 ? sides : sides.toReversed()) {
        const { answers, serverMs } = await load(side.server, STRETCH_SECONDS);
        side.answers += answers;
        side.ms += answers * serverMs;
      }
    const [traced = NaN, untraced = NaN] = sides.map(({ answers, ms }) => ms / answers);
    pairs.push({ traced, untraced });
  }
}

/** The geometric mean of the ratios with its 95 % confidence interval. */
function ratioOf({ pairs }: Compared): { low: number; middle: number; high: number } {
  const logs = pairs.map(({ traced, untraced }) => Math.log(traced / untraced));
  const mean = meanOf(logs);
  const variance = meanOf(logs.map((one) => (one - mean) ** 2)) * (logs.length / (logs.length - 1));
  const doubt = 2 * Math.sqrt(variance / logs.length);
  return { low: Math.exp(mean - doubt), middle: Math.exp(mean), high: Math.exp(mean + doubt) };
}

function meanOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function isDecided(compared: Compared): boolean {
  const { low, high } = ratioOf(compared);
  return high <= MOST_RATIO || low > MOST_RATIO;
}

export function tracingReport(all: Compared[], busy: number): string {
  const rows = all.map((compared) => {
    const { low, middle, high } = ratioOf(compared);
    const cpu = (side: keyof Sides) => meanOf(compared.pairs.map((pair) => pair[side])).toFixed(3);
    return [
      compared.operation,
      String(compared.pairs.length),
      middle.toFixed(3),
      `${twoDigits(low)}–${twoDigits(high)}`,
      `${cpu('untraced')} / ${cpu('traced')}`,
      isDecided(compared) ? (middle <= MOST_RATIO ? 'yes' : '**no**') : 'undecided',
    ];
  });
  return `## Tracing

CPU time per response in the server's process, compared with a server that measures no operations, resolvers or
statements (\`ops/bench/contenders/untraced.ts\`). Each pair of processes gets ${STRETCHES} alternating periods of load of ${STRETCH_SECONDS} s, and is then
replaced, since two processes of the same program differ, too. The ratio is the geometric mean of the pairs; "between" is
its 95 % confidence interval. ${conditions(busy)}

${table(['operation', 'pairs', 'traced / not', 'between', 'CPU ms: not / traced', `≤ ${MOST_RATIO}`], rows)}`;
}
