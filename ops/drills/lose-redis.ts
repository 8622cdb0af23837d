// npm run drill:redis
// Makes Redis refuse connections, then time out, under a server with two processes and a load of writes. Writes and
// deliveries continue; only the limits are then counted per process. Needs a Redis at REDIS_URL.
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd, type Delivery } from './crowd.ts';
import { routeTo } from './route.ts';
import { startProcess } from './server-process.ts';
import { send, signUp } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  redisUrl: string;
  followers: number;
  writesPerSecond: number;
  seconds: number;
  environment?: NodeJS.ProcessEnv;
}

export interface RedisReport {
  written: number;
  /** Writes that were refused or got no response. */
  failed: number;
  /** Milliseconds. */
  slowestMs: number;
  delivery: Delivery;
  /**
   * The number of budgets that a new person can spend before all processes refuse: 1 while the processes share it, up
   * to 2 while they cannot.
   */
  budgets: { shared: number; refused: number; sharedAgain: number; silent: number; sharedInTheEnd: number };
}

const POINTS = 200_000;
/** Costs about a twentieth of a budget, for a person without tasks. */
const EXPENSIVE = '{ tasks(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }';
/** After this number of refusals both processes have almost certainly refused. */
const REFUSALS = 16;
const SETTLED_AFTER_MS = 3_000;

export async function loseRedis({
  redisUrl,
  followers,
  writesPerSecond,
  seconds,
  environment,
}: Drill): Promise<RedisReport> {
  const route = await routeTo(redisUrl, 6379);
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    WORKERS: '2',
    REDIS_URL: route.url,
    RATE_LIMIT_POINTS: String(POINTS),
    ...environment,
  });
  let crowd: Crowd | undefined;
  try {
    const user = await signUp(server.url);
    crowd = await Crowd.gather(server.url, user, followers);
    const writes = new Writes(user, { perSecond: writesPerSecond });
    const during = async (change: () => unknown) => {
      await change();
      await sleep(Math.max(seconds * 1000, SETTLED_AFTER_MS));
      return budgetsOf(server.url);
    };
    const budgets = {
      shared: await during(() => undefined),
      refused: await during(() => route.cut()),
      sharedAgain: await during(() => route.restore()),
      silent: await during(() => {
        route.stall();
      }),
      sharedInTheEnd: await during(() => route.restore()),
    };
    await writes.end();
    const refused = [...writes.refused.values()].reduce((sum, count) => sum + count, 0);
    return {
      written: writes.acknowledged.length,
      failed: refused + writes.broken.length + writes.unreachable,
      slowestMs: writes.slowestMs,
      delivery: await crowd.compare(user),
      budgets,
    };
  } finally {
    crowd?.stop();
    await server.stop();
    await route.cut();
  }
}

async function budgetsOf(url: string): Promise<number> {
  const { token } = await signUp(url);
  let spent = 0;
  for (let refusals = 0; refusals < REFUSALS;) {
    const { extensions } = (await (await send(url, token, EXPENSIVE, {}, { cost: 'include' })).json()) as {
      extensions?: { cost: { points: number } };
    };
    if (extensions) spent += extensions.cost.points;
    else refusals += 1;
  }
  return spent / POINTS;
}

if (import.meta.main) {
  const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  const report = await loseRedis({ redisUrl, followers: 50, writesPerSecond: 50, seconds: 30 });
  console.log(JSON.stringify(report, null, 2));
  const { shared, sharedAgain, sharedInTheEnd, ...away } = report.budgets;
  const isGood =
    report.failed + report.delivery.missed + report.delivery.repeated === 0 &&
    report.delivery.slowestMs < 5_000 &&
    Math.max(shared, sharedAgain, sharedInTheEnd) <= 1 &&
    Object.values(away).every((budgets) => budgets > 1 && budgets <= 2);
  process.exitCode = isGood ? 0 : 1;
}
