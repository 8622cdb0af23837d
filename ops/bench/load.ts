import autocannon from 'autocannon';
import type { Client } from 'pg';
import { cpuMs, cpuOfDatabase } from './cpu.ts';
import type { Running } from './contender.ts';
import type { Operation } from './operations.ts';

/** What one stretch of load brought. */
export interface Sample {
  answers: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of one answer in the server's process. */
  serverMs: number;
  /** The same in the server's connections to PostgreSQL; not a number where that runs on another machine. */
  databaseMs: number;
}

/** Keeps so many connections busy with one operation for so long; anything but a good answer ends the run. */
export async function loadFor(
  contender: Running,
  operation: Operation,
  connections: number,
  seconds: number,
  observer: Client,
): Promise<Sample> {
  const serverBefore = cpuMs(contender.pid);
  const databaseSince = await cpuOfDatabase(observer);
  const began = performance.now();
  const result = await autocannon({
    ...contender.requestOf(operation),
    method: 'POST',
    connections,
    duration: seconds,
    sampleInt: 100,
    timeout: 30,
  });
  const took = (performance.now() - began) / 1000;
  if (result.errors + result.non2xx > 0)
    throw new Error(`${contender.name}: ${result.errors} errors, ${result.non2xx} refusals`);
  const answers = result['2xx'];
  return {
    answers,
    perSecond: answers / took,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    serverMs: (cpuMs(contender.pid) - serverBefore) / answers,
    databaseMs: (await databaseSince()) / answers,
  };
}
