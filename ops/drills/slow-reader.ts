// npm run drill:deaf
// One client over a WebSocket and one over server-sent events subscribe and then read nothing, while 10,000 large events
// happen: the server's memory stays as it is, the others hear as soon as without them, and both are told to resume, which
// they then do with nothing missed and nothing twice.
import { execFileSync } from 'node:child_process';
import { Crowd, type Told } from './crowd.ts';
import { creations, type Follower } from './follower.ts';
import { overServerSentEvents, overWebSocket } from './line.ts';
import { startProcess } from './server-process.ts';
import { signUp, type SignedInUser } from './workspace.ts';

interface Drill {
  /** How many happen while they do not read. */
  events: number;
  followers: number;
  environment?: NodeJS.ProcessEnv;
}

export interface DeafReport {
  events: number;
  /** By how much the process was larger at its largest than under the same load without the deaf clients, in bytes. */
  grownBytes: number;
  /** The 99th of a hundred times from an event to a follower's hearing of it, in milliseconds. */
  p99Ms: { without: number; with: number };
  /**
   * With which code the server ended what each of them did not read; "cut off" where that took so long that they were
   * taken for gone first.
   */
  endings: string[];
  /** What the deaf clients were told in the end. */
  toldLate: Told;
  told: Told;
}

/**
 * Twenty kilobytes: what a socket's buffers hold on both sides is less than seven hundred such events. It is one long word,
 * so that the words for the search cost next to nothing.
 */
const DESCRIPTION = 'я'.repeat(10_000);
const BATCH = 25;
const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';

export async function deafen({ events, followers, environment }: Drill): Promise<DeafReport> {
  const server = await startProcess({ LOG_LEVEL: 'silent', RATE_LIMIT_POINTS: '0', ...environment });
  let crowd: Crowd | undefined;
  let deaf: Crowd | undefined;
  const residentBytes = () =>
    Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) * 1024;

  /** @returns how large the process became meanwhile. */
  async function storm(somebody: SignedInUser, many = events): Promise<number> {
    let largest = 0;
    for (let made = 0; made < many; made += BATCH) {
      const tasks = Array.from({ length: BATCH }, () => ({ title: 'Drill', description: DESCRIPTION }));
      await somebody.query(CREATE, { tasks });
      largest = Math.max(largest, residentBytes());
    }
    return largest;
  }

  try {
    const somebody = await signUp(server.url);
    crowd = await Crowd.gather(server.url, somebody, followers);
    const topic = creations('id task { description }');
    deaf = Crowd.of(
      await Crowd.gather(server.url, somebody, 1, { topic, dial: overWebSocket }),
      await Crowd.gather(server.url, somebody, 1, { topic, dial: overServerSentEvents }),
    );
    // The first is for the process to become as large as the load makes it.
    await storm(somebody);
    await crowd.compare(somebody);
    const beforeAt = Date.now();
    const without = await storm(somebody);
    await deaf.compare(somebody);
    const deafAt = Date.now();
    for (const follower of deaf.followers) follower.pause();
    const largest = await storm(somebody);
    const told = await crowd.compare(somebody);
    const heardAt = Date.now();
    for (const follower of deaf.followers) follower.resume();
    return {
      events,
      grownBytes: largest - without,
      p99Ms: {
        without: await crowd.p99Ms(somebody, beforeAt, deafAt),
        with: await crowd.p99Ms(somebody, deafAt, heardAt),
      },
      toldLate: await deaf.compare(somebody),
      endings: deaf.followers.map(endingOf),
      told,
    };
  } finally {
    crowd?.stop();
    deaf?.stop();
    await server.stop();
  }
}

function endingOf({ endings, farewells }: Follower): string {
  return [...new Set(endings)].join() || (farewells.length > 0 ? 'cut off' : 'none');
}

if (import.meta.main) {
  const report = await deafen({ events: 10_000, followers: 50 });
  console.log(JSON.stringify(report, null, 2));
  const { told, toldLate, p99Ms } = report;
  const isGood =
    told.missed + told.repeated + toldLate.missed + toldLate.repeated === 0 &&
    report.endings.every((code) => code === 'FELL_BEHIND' || code === 'cut off') &&
    report.grownBytes < 64 * 1024 * 1024 &&
    p99Ms.with < 1.2 * p99Ms.without;
  process.exitCode = isGood ? 0 : 1;
}
