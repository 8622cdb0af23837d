import { backoff } from './backoff.ts';

/** The transports for updates, the better one first. */
export type Transport = 'websocket' | 'sse';

/** `idle`: no connection is needed. `waiting`: the server is unreachable; the next attempt is scheduled. */
export type ConnectionState =
  | { name: 'idle' | 'connecting' | 'polling' }
  | { name: 'live'; transport: Transport }
  | { name: 'waiting'; nextTryAt: number };

/** `broken`: the transport does not work. `refused`: the server answered with an error. */
export type Ending = 'broken' | 'refused';

export interface ConnectionListener {
  /** The first message has arrived. */
  opened(): void;
  closed(ending: Ending): void;
}

/** Connects by one transport; the returned function disconnects. */
export type Connect = (transport: Transport, listener: ConnectionListener) => () => void;

interface Hooks {
  /** Whether the server answers. It must have a time-out of its own. */
  probe: () => Promise<boolean>;
  onState: (state: ConnectionState) => void;
  /** The connection is back. */
  onReturn: () => void;
  /** While polling: time to read again. */
  onPoll: () => void;
}

const openWithin = 6_000;
const pollEvery = 5_000;
/** Milliseconds between attempts to replace server-sent events by a WebSocket. */
const upgradeEvery = 60_000;
/** Milliseconds after which a connection counts as stable: the backoff then starts at its minimum. */
const stableAfter = 10_000;

/**
 * The live connection to the server: a WebSocket; server-sent events where sockets are blocked; polling every 5 s where
 * both are. A lost connection is retried after 1 to 32 s, without end. A fallback is upgraded as soon as possible.
 */
export class LiveConnection {
  #state: ConnectionState = { name: 'idle' };
  #connect: Connect | undefined;
  #attempt = 0;
  #connectedSince = 0;
  #isConnecting = false;
  /** Increases to cancel pending attempts. */
  #generation = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #disconnect: (() => void) | undefined;
  readonly #hooks: Hooks;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  open(connect: Connect): void {
    this.#drop();
    this.#connect = connect;
    this.#attempt = 0;
    this.#setState({ name: 'connecting' });
    void this.#reconnect();
  }

  close(): void {
    this.#drop();
    this.#connect = undefined;
    this.#setState({ name: 'idle' });
  }

  reportUnreachable(): void {
    if (this.#state.name === 'waiting' || this.#state.name === 'connecting') return;
    this.#wait();
  }

  reportReachable(): void {
    if (this.#state.name === 'waiting') this.tryNow();
  }

  /** Retries without waiting; a fallback tries to upgrade. */
  tryNow(): void {
    const { name } = this.#state;
    if (name === 'live') void this.#upgrade();
    else if (name !== 'idle' && name !== 'connecting') void this.#reconnect();
  }

  /** Keeps the current connection until the WebSocket is open. */
  async #upgrade(): Promise<void> {
    const connect = this.#connect;
    const disconnect = this.#disconnect;
    if (
      this.#isConnecting ||
      !connect ||
      this.#state.name !== 'live' ||
      this.#state.transport === 'websocket'
    )
      return;
    clearTimeout(this.#retry);
    const generation = this.#generation;
    this.#isConnecting = true;
    const trying = this.#connectBy(connect, 'websocket', generation);
    const disconnectUpgrade = this.#disconnect;
    this.#disconnect = () => {
      disconnect?.();
      disconnectUpgrade?.();
    };
    const outcome = await trying;
    if (generation !== this.#generation) return;
    this.#isConnecting = false;
    if (outcome === 'open') {
      disconnect?.();
      this.#disconnect = disconnectUpgrade;
      this.#setState({ name: 'live', transport: 'websocket' });
    } else {
      this.#disconnect = disconnect;
      this.#upgradeLater();
    }
  }

  #upgradeLater(): void {
    this.#retry = setTimeout(() => void this.#upgrade(), upgradeEvery);
  }

  async #reconnect(): Promise<void> {
    if (this.#isConnecting) return;
    clearTimeout(this.#retry);
    this.#disconnect?.();
    const generation = ++this.#generation;
    const wasUnreachable = this.#state.name === 'waiting';
    this.#isConnecting = true;
    if (wasUnreachable) this.#setState({ name: 'waiting', nextTryAt: Date.now() });
    const reached = await this.#connectBest(generation);
    if (generation !== this.#generation) return;
    this.#isConnecting = false;
    if (reached.name === 'waiting') {
      this.#wait();
      return;
    }
    if (this.#state.name !== reached.name) this.#connectedSince = Date.now();
    if (reached.name === 'polling') {
      this.#poll ??= setInterval(this.#hooks.onPoll, pollEvery);
      this.#retry = setTimeout(() => void this.#reconnect(), backoff(this.#attempt++));
    } else this.#stopPolling();
    if (reached.name === 'live' && reached.transport === 'sse') this.#upgradeLater();
    this.#setState(reached);
    if (wasUnreachable) this.#hooks.onReturn();
  }

  /** Tries all transports, the best first. */
  async #connectBest(generation: number): Promise<ConnectionState> {
    const unreachable: ConnectionState = { name: 'waiting', nextTryAt: 0 };
    const connect = this.#connect;
    if (!connect) return (await this.#hooks.probe()) ? { name: 'idle' } : unreachable;
    const bySocket = await this.#connectBy(connect, 'websocket', generation);
    if (bySocket === 'open') return { name: 'live', transport: 'websocket' };
    if (bySocket === 'refused' || generation !== this.#generation) return unreachable;
    if (!(await this.#hooks.probe()) || generation !== this.#generation) return unreachable;
    const byEvents = await this.#connectBy(connect, 'sse', generation);
    if (byEvents === 'open') return { name: 'live', transport: 'sse' };
    return byEvents === 'refused' ? unreachable : { name: 'polling' };
  }

  #connectBy(connect: Connect, transport: Transport, generation: number): Promise<Ending | 'open'> {
    return new Promise((resolve) => {
      let isOpen = false;
      const disconnect = connect(transport, {
        opened: () => {
          isOpen = true;
          clearTimeout(timer);
          resolve('open');
        },
        closed: (ending) => {
          clearTimeout(timer);
          resolve(ending);
          if (isOpen && generation === this.#generation) this.#wait();
        },
      });
      const timer = setTimeout(() => {
        disconnect();
        resolve('broken');
      }, openWithin);
      this.#disconnect = () => {
        clearTimeout(timer);
        disconnect();
      };
    });
  }

  #wait(): void {
    this.#drop();
    if (this.#state.name !== 'waiting' && Date.now() - this.#connectedSince >= stableAfter) this.#attempt = 0;
    const wait = backoff(this.#attempt++);
    this.#setState({ name: 'waiting', nextTryAt: Date.now() + wait });
    this.#retry = setTimeout(() => void this.#reconnect(), wait);
  }

  #drop(): void {
    this.#generation += 1;
    this.#isConnecting = false;
    clearTimeout(this.#retry);
    this.#stopPolling();
    this.#disconnect?.();
    this.#disconnect = undefined;
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#hooks.onState(state);
  }
}
