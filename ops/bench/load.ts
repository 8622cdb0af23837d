import autocannon from 'autocannon';
import type { Client } from 'pg';
import { cpuMs, cpuOfDatabase } from './cpu.ts';
import type { Running } from './contender.ts';
import type { Operation } from './operations.ts';

/** The result of one period of load. */
export interface Sample {
  answers: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time per response in the server's process. */
  serverMs: number;
  /** CPU time per response in its connections to PostgreSQL; NaN if that runs on another machine. */
  databaseMs: number;
}

/** Sends one operation over several connections. @throws Error on any failed response. */
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
    throw new Error(`${contender.name}: ${result.errors} errors, ${result.non2xx} non-2xx responses`);
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
