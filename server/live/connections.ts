import { keep } from '../bounds.ts';

/** Limits on the connections that stay open: WebSockets and event streams. */
export interface ConnectionLimits {
  /** Connections of one person in this process. */
  ofPerson: number;
  /** Bytes that all connections of one person may have waiting to be read. */
  unsentOfPerson: number;
  /** The same for all connections of this process. */
  unsentInAll: number;
}

/** The longest payload that is sent over a connection that stays open. */
const MOST_PAYLOAD_BYTES = 4 * 1024 * 1024;

const BYTES_PER_CHARACTER = 3;

/** Whether a text is longer than one payload may be. */
export function isTooLong(text: string): boolean {
  // UTF-8 takes at most three bytes for each character, so short texts need no look.
  return (
    text.length * BYTES_PER_CHARACTER > MOST_PAYLOAD_BYTES && Buffer.byteLength(text) > MOST_PAYLOAD_BYTES
  );
}

interface Holder {
  name: string;
  unsent: number;
  connections: Set<Connection>;
}

/**
 * Counts connections and their unsent bytes, per holder and in all. When either bound is passed, the fullest connection
 * of the holder with the most unsent bytes is dropped, so one slow reader never costs others theirs.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #holders = new Map<string, Holder>();
  #unsent = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    keep('unsent bytes', this, (all) => all.#unsent);
  }

  /**
   * Counts one more connection of a person.
   * @param drop ends the connection at once and frees what it has not sent.
   * @returns null where the person has as many as allowed.
   */
  ofPerson(userId: string, drop: () => void): Connection | null {
    const holder = this.#holderOf(userId);
    if (holder.connections.size >= this.#limits.ofPerson) return null;
    return this.#open(holder, drop);
  }

  /** Counts a connection that nobody has signed in on; the caller bounds how many there are. */
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

/** One connection that stays open. */
export class Connection {
  #unsent = 0;
  #isOver = false;
  readonly #drop: () => void;
  readonly #onChange: (change: number | null) => void;

  /** @param onChange told by how many bytes the unsent ones changed; null once it is over. */
  constructor(drop: () => void, onChange: (change: number | null) => void) {
    this.#drop = drop;
    this.#onChange = onChange;
  }

  /** Bytes that wait to be read. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Says how many bytes wait now. May drop this connection, or another one of the same person. */
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

  /** It no longer counts. */
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
