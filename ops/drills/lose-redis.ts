// npm run drill:redis
// Takes Redis away from a server of two processes that are written to, first so that it refuses, then so that it is
// silent: nobody notices but for their limits, which each process then counts for itself, and everybody who follows is
// told all the same. Wants a Redis at REDIS_URL.
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd, type Told } from './crowd.ts';
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
  /** Writes that were refused, or got no answer. */
  failed: number;
  /** The longest that a write took, in milliseconds. */
  slowestMs: number;
  told: Told;
  /**
   * How many budgets somebody new can spend until everybody says that it is enough, from 0 to 2: one while the
   * processes share it, up to one in each while they cannot.
   */
  budgets: { shared: number; refused: number; sharedAgain: number; silent: number; sharedInTheEnd: number };
}

const POINTS = 200_000;
/** About a twentieth of a budget at each time, for a person who has no tasks. */
const DEAR = '{ tasks(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }';
/** Two processes that hand out connections by chance have then both been asked for sure. */
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
    const somebody = await signUp(server.url);
    crowd = await Crowd.gather(server.url, somebody, followers);
    const writes = new Writes(somebody, { perSecond: writesPerSecond });
    const during = async (change: () => unknown) => {
      await change();
      await sleep(Math.max(seconds * 1000, SETTLED_AFTER_MS));
      return budgetsOf(server.url);
    };
    const budgets = {
      shared: await during(() => undefined),
      refused: await during(() => route.cut()),
      sharedAgain: await during(() => route.mend()),
      silent: await during(() => {
        route.hush();
      }),
      sharedInTheEnd: await during(() => route.mend()),
    };
    await writes.end();
    const refused = [...writes.refused.values()].reduce((sum, count) => sum + count, 0);
    return {
      written: writes.acknowledged.length,
      failed: refused + writes.broken.length + writes.unmet,
      slowestMs: writes.slowestMs,
      told: await crowd.compare(somebody),
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
    const { extensions } = (await (await send(url, token, DEAR, {}, { cost: 'include' })).json()) as {
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
    report.failed + report.told.missed + report.told.repeated === 0 &&
    report.told.slowestMs < 5_000 &&
    Math.max(shared, sharedAgain, sharedInTheEnd) <= 1 &&
    Object.values(away).every((budgets) => budgets > 1 && budgets <= 2);
  process.exitCode = isGood ? 0 : 1;
}
