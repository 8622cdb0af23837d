// npm run drill:slow-reader
// A client over WebSocket and one over server-sent events subscribe and then stop reading, during 10,000 large events. The
// server's memory stays bounded, other followers are not delayed, and both clients are told to resume. They then get every
// event once.
import { execFileSync } from 'node:child_process';
import { Crowd, type Delivery } from './crowd.ts';
import { creations, type Follower } from './follower.ts';
import { overServerSentEvents, overWebSocket } from './subscription-client.ts';
import { startProcess } from './server-process.ts';
import { signUp, type SignedInUser } from './workspace.ts';

interface Drill {
  /** The number of events while the clients do not read. */
  events: number;
  followers: number;
  environment?: NodeJS.ProcessEnv;
}

export interface SlowReaderReport {
  events: number;
  /** Growth of the process compared with the same load without slow readers, in bytes. */
  grownBytes: number;
  /** Milliseconds. */
  p99Ms: { without: number; with: number };
  /** "cut off" if the heartbeat closed the connection before an error code. */
  endings: string[];
  /** Delivery to the slow readers after they resumed. */
  lateDelivery: Delivery;
  delivery: Delivery;
}

/** 20 kB, so that socket buffers hold fewer than 700 events. One long word keeps the search index small. */
const DESCRIPTION = 'я'.repeat(10_000);
const BATCH = 25;
const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';

export async function stallReaders({ events, followers, environment }: Drill): Promise<SlowReaderReport> {
  const server = await startProcess({ LOG_LEVEL: 'silent', RATE_LIMIT_POINTS: '0', ...environment });
  let crowd: Crowd | undefined;
  let stalled: Crowd | undefined;
  const residentBytes = () =>
    Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) * 1024;

  /** @returns the largest size of the process. */
  async function storm(user: SignedInUser, many = events): Promise<number> {
    let largest = 0;
    for (let made = 0; made < many; made += BATCH) {
      const tasks = Array.from({ length: BATCH }, () => ({ title: 'Drill', description: DESCRIPTION }));
      await user.query(CREATE, { tasks });
      largest = Math.max(largest, residentBytes());
    }
    return largest;
  }

  try {
    const user = await signUp(server.url);
    crowd = await Crowd.gather(server.url, user, followers);
    const topic = creations('id task { description }');
    stalled = Crowd.of(
      await Crowd.gather(server.url, user, 1, { topic, subscribe: overWebSocket }),
      await Crowd.gather(server.url, user, 1, { topic, subscribe: overServerSentEvents }),
    );
    // Warm-up: the process grows to its size under load.
    await storm(user);
    await crowd.compare(user);
    const beforeAt = Date.now();
    const without = await storm(user);
    await stalled.compare(user);
    const stalledAt = Date.now();
    for (const follower of stalled.followers) follower.pause();
    const largest = await storm(user);
    const delivery = await crowd.compare(user);
    const deliveredAt = Date.now();
    for (const follower of stalled.followers) follower.resume();
    return {
      events,
      grownBytes: largest - without,
      p99Ms: {
        without: await crowd.p99Ms(user, beforeAt, stalledAt),
        with: await crowd.p99Ms(user, stalledAt, deliveredAt),
      },
      lateDelivery: await stalled.compare(user),
      endings: stalled.followers.map(endingOf),
      delivery,
    };
  } finally {
    crowd?.stop();
    stalled?.stop();
    await server.stop();
  }
}

function endingOf({ endings, closeCodes }: Follower): string {
  return [...new Set(endings)].join() || (closeCodes.length > 0 ? 'cut off' : 'none');
}

if (import.meta.main) {
  const report = await stallReaders({ events: 10_000, followers: 50 });
  console.log(JSON.stringify(report, null, 2));
  const { delivery, lateDelivery, p99Ms } = report;
  const isGood =
    delivery.missed + delivery.repeated + lateDelivery.missed + lateDelivery.repeated === 0 &&
    report.endings.every((code) => code === 'FELL_BEHIND' || code === 'cut off') &&
    report.grownBytes < 64 * 1024 * 1024 &&
    p99Ms.with < 1.2 * p99Ms.without;
  process.exitCode = isGood ? 0 : 1;
}
