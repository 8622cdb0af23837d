// What tracing at its default costs: Taskwire as it ships beside one that measures nothing, on the same core.
import { join } from 'node:path';
import type { Client } from 'pg';
import { startContender, type Running } from './contender.ts';
import { SERVER_CORE } from './cpu.ts';
import { loadFor } from './load.ts';
import { operations } from './operations.ts';
import { conditions, quartiles, table, tell, twoDigits } from './results.ts';

type Name = (typeof NAMES)[number];

interface Sides<Value> {
  traced: Value;
  untraced: Value;
}

interface Compared {
  operation: Name;
  /** CPU of an answer in the server's process, in milliseconds; each pair of stretches that followed each other. */
  pairs: Sides<number>[];
}

const NAMES = ['Q0', 'Q1'] as const;
const MOST_RATIO = 1.05;
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 1;
const STRETCH_SECONDS = 1;
const STRETCHES = 6;
/** Two processes of the same program differ for as long as they run, so each pair of them is soon replaced. */
const LEAST_PROCESSES = 4;
const MOST_PROCESSES = 8;

/** Compares until the middle half of all pairs lies on one side of the goal, or enough was tried. */
export async function measureTracing(url: string, observer: Client): Promise<Compared[]> {
  const compared: Compared[] = NAMES.map((operation) => ({ operation, pairs: [] }));
  let open = compared;
  for (let n = 1; n <= MOST_PROCESSES && open.length > 0; n += 1) {
    tell(`Tracing, processes ${n}`);
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
  const [traced, untraced] = [await start([]), await start(untracing)];
  const cpuOf = async (server: Running, operation: Name, seconds: number) =>
    (await loadFor(server, operations[operation], CONNECTIONS, seconds, observer)).serverMs;
  for (const { operation, pairs } of compared) {
    await cpuOf(traced, operation, WARM_UP_SECONDS);
    await cpuOf(untraced, operation, WARM_UP_SECONDS);
    for (let n = 0; n < STRETCHES; n += 1) {
      const first = n % 2 === 0 ? await cpuOf(traced, operation, STRETCH_SECONDS) : undefined;
      const without = await cpuOf(untraced, operation, STRETCH_SECONDS);
      pairs.push({ traced: first ?? (await cpuOf(traced, operation, STRETCH_SECONDS)), untraced: without });
    }
  }
}

function ratiosOf({ pairs }: Compared): number[] {
  return pairs.map(({ traced, untraced }) => traced / untraced);
}

function isDecided(compared: Compared): boolean {
  const { low, high } = quartiles(ratiosOf(compared));
  return high <= MOST_RATIO || low > MOST_RATIO;
}

export function tracingReport(all: Compared[], busy: number): string {
  const rows = all.map((compared) => {
    const { low, middle, high } = quartiles(ratiosOf(compared));
    const cpu = (side: keyof Sides<number>) =>
      quartiles(compared.pairs.map((pair) => pair[side])).middle.toFixed(3);
    return [
      compared.operation,
      String(compared.pairs.length),
      twoDigits(middle),
      `${twoDigits(low)}–${twoDigits(high)}`,
      `${cpu('untraced')} / ${cpu('traced')}`,
      isDecided(compared) ? (middle <= MOST_RATIO ? 'yes' : '**no**') : 'not decided',
    ];
  });
  return `## Tracing

CPU of an answer in the server's process, as it ships beside one in which nothing measures operations, resolvers or
statements (\`ops/bench/contenders/untraced.ts\`). Pairs of ${STRETCH_SECONDS} s, one after the other, each way first in turn; every ${STRETCHES} with new
processes, for two of the same program differ too. ${conditions(busy)}

${table(['operation', 'pairs', 'traced / not', 'quartiles', 'CPU ms: not / traced', `≤ ${MOST_RATIO}`], rows)}`;
}
