import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspector } from './inspector.ts';

export interface Held {
  subscriptions: number;
  /** Database connections in use, and requests waiting for one. */
  busy: number;
  sockets: number;
  timers: number;
}

const LEFT_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 500;

export async function heldBy(url: string, inspector: Inspector): Promise<Held> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const valueOf = (name: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  const connections = (state: string) => valueOf(`taskwire_database_connections{state="${state}"}`);
  const { TCPSocketWrap: sockets = 0, Timeout: timers = 0 } = (await inspector.measure()).resources;
  return {
    subscriptions: valueOf('taskwire_subscriptions'),
    busy: connections('open') - connections('idle') + connections('waiting'),
    sockets: sockets - connections('open'),
    timers: timers - connections('idle'),
  };
}

/** The resources after all clients have left. Waits a while for the server to release them. */
export async function leftIn(url: string, inspector: Inspector, before: Held): Promise<Held> {
  const deadline = Date.now() + LEFT_WITHIN_MS;
  for (;;) {
    const left = await heldBy(url, inspector);
    if (beyond(left, before).length === 0 || Date.now() > deadline) return left;
    await sleep(LOOK_AGAIN_MS);
  }
}

export function beyond(after: Held, before: Held): (keyof Held)[] {
  return (Object.keys(after) as (keyof Held)[]).filter((kind) => after[kind] > before[kind]);
}
