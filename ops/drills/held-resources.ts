import { setTimeout as sleep } from 'node:timers/promises';
import type { Inside } from './inside.ts';

/** What a server holds besides memory. */
export interface Held {
  subscriptions: number;
  /** Connections to the database in use, and waited for. */
  busy: number;
  /** Other connections. */
  sockets: number;
  timers: number;
}

const LEFT_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 500;

export async function heldBy(url: string, inside: Inside): Promise<Held> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const valueOf = (name: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  const connections = (state: string) => valueOf(`taskwire_database_connections{state="${state}"}`);
  const { TCPSocketWrap: sockets = 0, Timeout: timers = 0 } = (await inside.look()).resources;
  return {
    subscriptions: valueOf('taskwire_subscriptions'),
    busy: connections('open') - connections('idle') + connections('waiting'),
    sockets: sockets - connections('open'),
    timers: timers - connections('idle'),
  };
}

/** What is left once everybody has left, and had a while to be forgotten. */
export async function leftIn(url: string, inside: Inside, before: Held): Promise<Held> {
  const deadline = Date.now() + LEFT_WITHIN_MS;
  for (;;) {
    const left = await heldBy(url, inside);
    if (beyond(left, before).length === 0 || Date.now() > deadline) return left;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Of what there is more than before. */
export function beyond(after: Held, before: Held): (keyof Held)[] {
  return (Object.keys(after) as (keyof Held)[]).filter((kind) => after[kind] > before[kind]);
}
