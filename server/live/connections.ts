import { keep } from '../bounds.ts';

export interface ConnectionLimits {
  ofPerson: number;
  unsentOfPerson: number;
  unsentInAll: number;
}

const MOST_PAYLOAD_BYTES = 4 * 1024 * 1024;

const BYTES_PER_CHARACTER = 3;

export function isTooLong(text: string): boolean {
  // UTF-8 takes at most three bytes per character, so short texts need no check.
  return (
    text.length * BYTES_PER_CHARACTER > MOST_PAYLOAD_BYTES && Buffer.byteLength(text) > MOST_PAYLOAD_BYTES
  );
}

interface Holder {
  name: string;
  unsent: number;
  connections: Set<Connection>;
}

/** Above a limit, it drops the fullest connection of the holder with the most unsent bytes. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #holders = new Map<string, Holder>();
  #unsent = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    keep('unsent bytes', this, (all) => all.#unsent);
  }

  /** @param drop closes the connection at once and discards unsent data. @returns null at the limit of the person. */
  ofPerson(userId: string, drop: () => void): Connection | null {
    const holder = this.#holderOf(userId);
    if (holder.connections.size >= this.#limits.ofPerson) return null;
    return this.#open(holder, drop);
  }

  ofAddress(address: string, drop: () => void): Connection {
    return this.#open(this.#holderOf(`address ${address}`), drop);
  }

  #open(holder: Holder, drop: () => void): Connection {
    this.#holders.set(holder.name, holder);
    const connection: Connection = new Connection(drop, (change) => {
      if (change === null) this.#close(holder, connection);
      else this.#add(holder, change);
    });
    holder.connections.add(connection);
    return connection;
  }

  #add(holder: Holder, change: number): void {
    holder.unsent += change;
    this.#unsent += change;
    if (change <= 0) return;
    while (holder.unsent > this.#limits.unsentOfPerson) fullestOf(holder.connections)?.drop();
    while (this.#unsent > this.#limits.unsentInAll)
      fullestOf(fullestOf(this.#holders.values())?.connections ?? [])?.drop();
  }

  #close(holder: Holder, connection: Connection): void {
    holder.connections.delete(connection);
    if (holder.connections.size === 0) this.#holders.delete(holder.name);
  }

  #holderOf(name: string): Holder {
    return this.#holders.get(name) ?? { name, unsent: 0, connections: new Set() };
  }
}

export class Connection {
  #unsent = 0;
  #isOver = false;
  readonly #drop: () => void;
  readonly #onChange: (change: number | null) => void;

  /** @param onChange called with the change in unsent bytes; null when the connection closes. */
  constructor(drop: () => void, onChange: (change: number | null) => void) {
    this.#drop = drop;
    this.#onChange = onChange;
  }

  get unsent(): number {
    return this.#unsent;
  }

  /** Can drop this connection, or another one of the same person. */
  set unsent(bytes: number) {
    if (this.#isOver || bytes === this.#unsent) return;
    const change = bytes - this.#unsent;
    this.#unsent = bytes;
    this.#onChange(change);
  }

  drop(): void {
    this.close();
    this.#drop();
  }

  close(): void {
    this.unsent = 0;
    if (!this.#isOver) this.#onChange(null);
    this.#isOver = true;
  }
}

function fullestOf<Counted extends { unsent: number }>(all: Iterable<Counted>): Counted | undefined {
  let fullest: Counted | undefined;
  for (const one of all) if (!fullest || one.unsent > fullest.unsent) fullest = one;
  return fullest;
}
