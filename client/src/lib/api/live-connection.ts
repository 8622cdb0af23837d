import { backoff } from './backoff.ts';

/** How changes can come by themselves, the better one first. */
export type Way = 'websocket' | 'sse';

/** `resting`: nobody needs the line, and nothing says that the server is away. `waiting`: it is, and will be tried again. */
export type LineState =
  | { name: 'resting' | 'opening' | 'polling' }
  | { name: 'live'; way: Way }
  | { name: 'waiting'; nextTryAt: number };

/** `broken`: the way leads nowhere. `refused`: the server was reached, and cannot do it now. */
export type Ending = 'broken' | 'refused';

export interface Call {
  /** Something came: from now on everything does. */
  opened(): void;
  over(ending: Ending): void;
}

/** Begins to listen on one way; the answer ends that. */
export type Dial = (way: Way, call: Call) => () => void;

interface Surroundings {
  /** Whether the server answers at all. It must settle by itself. */
  probe: () => Promise<boolean>;
  onState: (state: LineState) => void;
  /** The server answers again, or can be listened to again. */
  onReturn: () => void;
  /** Nothing comes by itself; it has to be asked for now. */
  onPoll: () => void;
}

const openWithin = 6_000;
const pollEvery = 5_000;
/** How often server-sent events are given the chance to become a WebSocket. */
const betterEvery = 60_000;
/** A line that lasted so long has earned a quick first try when it breaks. */
const steadyAfter = 10_000;

/**
 * The one line to the server: WebSocket; where sockets are blocked, server-sent events; where these are held back too,
 * asking every 5 s. A line that is lost is tried again from the top, after 1 to 32 s and without end; one that is not the
 * best is tried to be bettered now and then.
 */
export class LiveConnection {
  #state: LineState = { name: 'resting' };
  #dial: Dial | undefined;
  #attempt = 0;
  #steadySince = 0;
  #isTrying = false;
  /** Counts up whenever what is under way has become pointless. */
  #turn = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #hangUp: (() => void) | undefined;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  open(dial: Dial): void {
    this.#drop();
    this.#dial = dial;
    this.#attempt = 0;
    this.#become({ name: 'opening' });
    void this.#try();
  }

  /** Nobody needs it any more. */
  shut(): void {
    this.#drop();
    this.#dial = undefined;
    this.#become({ name: 'resting' });
  }

  /** A request got no answer. */
  lost(): void {
    if (this.#state.name === 'waiting' || this.#state.name === 'opening') return;
    this.#wait();
  }

  /** A request got its answer. */
  found(): void {
    if (this.#state.name === 'waiting') this.tryNow();
  }

  /** Does not wait for the time that was set; also looks for a better way than the present one. */
  tryNow(): void {
    const { name } = this.#state;
    if (name === 'live') void this.#tryBetter();
    else if (name !== 'resting' && name !== 'opening') void this.#try();
  }

  /** What there is goes on until a better way is open. */
  async #tryBetter(): Promise<void> {
    const dial = this.#dial;
    const hangUp = this.#hangUp;
    if (this.#isTrying || !dial || this.#state.name !== 'live' || this.#state.way === 'websocket') return;
    clearTimeout(this.#retry);
    const turn = this.#turn;
    this.#isTrying = true;
    const trying = this.#call(dial, 'websocket', turn);
    const hangUpBetter = this.#hangUp;
    this.#hangUp = () => {
      hangUp?.();
      hangUpBetter?.();
    };
    const outcome = await trying;
    if (turn !== this.#turn) return;
    this.#isTrying = false;
    if (outcome === 'open') {
      hangUp?.();
      this.#hangUp = hangUpBetter;
      this.#become({ name: 'live', way: 'websocket' });
    } else {
      this.#hangUp = hangUp;
      this.#tryBetterLater();
    }
  }

  #tryBetterLater(): void {
    this.#retry = setTimeout(() => void this.#tryBetter(), betterEvery);
  }

  async #try(): Promise<void> {
    if (this.#isTrying) return;
    clearTimeout(this.#retry);
    this.#hangUp?.();
    const turn = ++this.#turn;
    const wasAway = this.#state.name === 'waiting';
    this.#isTrying = true;
    if (wasAway) this.#become({ name: 'waiting', nextTryAt: Date.now() });
    const found = await this.#climb(turn);
    if (turn !== this.#turn) return;
    this.#isTrying = false;
    if (found.name === 'waiting') {
      this.#wait();
      return;
    }
    if (this.#state.name !== found.name) this.#steadySince = Date.now();
    if (found.name === 'polling') {
      this.#poll ??= setInterval(this.#surroundings.onPoll, pollEvery);
      this.#retry = setTimeout(() => void this.#try(), backoff(this.#attempt++));
    } else this.#stopPolling();
    if (found.name === 'live' && found.way === 'sse') this.#tryBetterLater();
    this.#become(found);
    if (wasAway) this.#surroundings.onReturn();
  }

  /** The best that can be had now. */
  async #climb(turn: number): Promise<LineState> {
    const away: LineState = { name: 'waiting', nextTryAt: 0 };
    const dial = this.#dial;
    if (!dial) return (await this.#surroundings.probe()) ? { name: 'resting' } : away;
    const bySocket = await this.#call(dial, 'websocket', turn);
    if (bySocket === 'open') return { name: 'live', way: 'websocket' };
    if (bySocket === 'refused' || turn !== this.#turn) return away;
    if (!(await this.#surroundings.probe()) || turn !== this.#turn) return away;
    const byEvents = await this.#call(dial, 'sse', turn);
    if (byEvents === 'open') return { name: 'live', way: 'sse' };
    return byEvents === 'refused' ? away : { name: 'polling' };
  }

  #call(dial: Dial, way: Way, turn: number): Promise<Ending | 'open'> {
    return new Promise((resolve) => {
      let isOpen = false;
      const hangUp = dial(way, {
        opened: () => {
          isOpen = true;
          clearTimeout(silence);
          resolve('open');
        },
        over: (ending) => {
          clearTimeout(silence);
          resolve(ending);
          if (isOpen && turn === this.#turn) this.#wait();
        },
      });
      const silence = setTimeout(() => {
        hangUp();
        resolve('broken');
      }, openWithin);
      this.#hangUp = () => {
        clearTimeout(silence);
        hangUp();
      };
    });
  }

  #wait(): void {
    this.#drop();
    if (this.#state.name !== 'waiting' && Date.now() - this.#steadySince >= steadyAfter) this.#attempt = 0;
    const wait = backoff(this.#attempt++);
    this.#become({ name: 'waiting', nextTryAt: Date.now() + wait });
    this.#retry = setTimeout(() => void this.#try(), wait);
  }

  #drop(): void {
    this.#turn += 1;
    this.#isTrying = false;
    clearTimeout(this.#retry);
    this.#stopPolling();
    this.#hangUp?.();
    this.#hangUp = undefined;
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #become(state: LineState): void {
    this.#state = state;
    this.#surroundings.onState(state);
  }
}
