import type { Event, SharePermission } from '../../prisma/generated/client/client.ts';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { CursorExpired } from '../errors.ts';
import {
  compare,
  encodeCursorOf,
  isAfter,
  rememberEpoch,
  startOf,
  type LogCursor,
  type LogPosition,
} from '../log/cursor.ts';
import type { LogConnection, LogReader, OpenedLog } from '../log/tail.ts';
import { traitsOf } from '../log/catalogue.ts';
import { receiversOf, sharedTaskOf, type Receivers } from './task-shares.ts';

export interface Listener {
  /** Must not block or throw. `shareOf` is undefined if a share was not looked up. */
  onEvent(event: Event, shareOf: (userId: string) => SharePermission | null | undefined): void;
  /** The log was replaced; everything read before is invalid. */
  lose(): void;
}

/** The topic of the audit trail. All other topics are ids. */
export const AUDIT = 'audit';

const MOST_BEHIND = 10_000;
/** Kept in addition: reading starts at a cursor's horizon, which can be earlier. */
const KEPT_BEYOND_LIMIT = 1_000;
const DROPPED_AT_ONCE = BOUNDS['recent events'].most - MOST_BEHIND - KEPT_BEYOND_LIMIT;

/** Delivers log events to the listeners of their topics, and keeps the latest ones for reconnecting clients. */
export class Broker implements LogReader {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #db: Database;
  readonly #onFailure: (error: unknown) => void;
  readonly onLoss: () => void;
  readonly #holders = new Set<string>();
  #recent: Event[] = [];
  #floor: LogPosition = { transactionId: 0n, sequence: 0n, nonce: null };
  #position: LogPosition = this.#floor;
  #epoch = '';
  #handedOut = 0;

  constructor(db: Database, onFailure: (error: unknown) => void, onLoss: () => void) {
    this.#db = db;
    keep('recent events', this, (broker) => broker.#recent.length);
    keep('live topics', this, (broker) => broker.#listeners.size);
    this.#onFailure = onFailure;
    this.onLoss = onLoss;
  }

  get position(): LogPosition {
    return this.#position;
  }

  get oldestKept(): LogPosition {
    return this.#floor;
  }

  cursorOf(position: LogPosition & Partial<LogCursor>): string {
    return encodeCursorOf(this.#epoch, position);
  }

  get handedOut(): number {
    return this.#handedOut;
  }

  onOpen({ epoch, recent, floor, position }: OpenedLog): void {
    rememberEpoch(this.#db, epoch);
    this.#epoch = epoch;
    this.#recent = recent;
    this.#floor = floor;
    this.#position = position;
    for (const listener of new Set([...this.#listeners.values()].flatMap((some) => [...some])))
      listener.lose();
  }

  async onEvents(events: Event[], position: LogPosition, connection: LogConnection): Promise<void> {
    const asked = new Set(this.#holders);
    const receivers = await receiversOf(connection, events, asked);
    // People who subscribed during the lookup get all such events, and look up their own share.
    const late = [...this.#holders].filter((userId) => !asked.has(userId));
    this.#handOut(events, position, receivers, late);
  }

  #handOut(
    events: Event[],
    position: LogPosition,
    receivers: Receivers | undefined,
    late: readonly string[],
  ): void {
    for (const event of events) {
      this.#recent.push(event);
      const shares = receivers?.get(event.subjectId ?? '');
      const others = sharedTaskOf(event) === null ? [] : [...(shares?.keys() ?? []), ...late];
      const shareOf = (userId: string) =>
        !shares || late.includes(userId) ? undefined : (shares.get(userId) ?? null);
      for (const listener of this.#listenersOf(event, others)) listener.onEvent(event, shareOf);
    }
    this.#position = position;
    this.#handedOut += events.length;
    if (this.#recent.length >= MOST_BEHIND + KEPT_BEYOND_LIMIT + DROPPED_AT_ONCE) {
      const dropped = this.#recent.splice(0, this.#recent.length - MOST_BEHIND - KEPT_BEYOND_LIMIT);
      this.#floor = dropped.at(-1) ?? this.#floor;
    }
  }

  onFailure(error: unknown): void {
    this.#onFailure(error);
  }

  /** The events not covered by a cursor, in order. @throws CursorExpired if they are no longer kept, or too many. */
  since(cursor: LogCursor): Event[] {
    const start = startOf(cursor);
    if (compare(start, this.#floor) < 0) throw new CursorExpired();
    const first = this.#recent.findLastIndex((event) => compare(event, start) <= 0) + 1;
    const missed = this.#recent.slice(first).filter((event) => isAfter(event, cursor));
    if (missed.length > MOST_BEHIND) throw new CursorExpired();
    return missed;
  }

  leadsTo(cursor: LogCursor): boolean {
    const last = this.#recent.findLast((event) => compare(event, cursor) <= 0);
    return last?.transactionId === cursor.transactionId && last.nonce === cursor.nonce;
  }

  join(topic: string, listener: Listener): void {
    const others = this.#listeners.get(topic);
    if (others) others.add(listener);
    else this.#listeners.set(topic, new Set([listener]));
  }

  leave(topic: string, listener: Listener): void {
    const others = this.#listeners.get(topic);
    if (others?.delete(listener) && others.size === 0) this.#listeners.delete(topic);
  }

  setHolder(userId: string, holds: boolean): void {
    if (holds) this.#holders.add(userId);
    else this.#holders.delete(userId);
  }

  #listenersOf(event: Event, others: readonly string[]): Iterable<Listener> {
    const groups = [...topicsOf(event), ...others]
      .map((topic) => this.#listeners.get(topic))
      .filter((group) => group !== undefined);
    // A copy, since listeners can join topics while they are called.
    return groups.length === 1 ? [...(groups[0] ?? [])] : new Set(groups.flatMap((group) => [...group]));
  }
}

interface NamedInData {
  taskId?: string;
  participants?: string[];
  sharedWith?: string[];
  before?: Partial<Record<'owner' | 'assignee' | 'team', string | null>> | string | null;
  after?: Partial<Record<'owner' | 'assignee' | 'team', string | null>> | string | null;
}

/** Everything that an event names. The policy decides who may read it. */
export function topicsOf(event: Event): string[] {
  const { actorId, personId, teamId, conversationId, subjectId } = event;
  const { taskId, participants, sharedWith, before, after } = event.data as NamedInData;
  const topics = new Set([actorId, personId, teamId, conversationId, subjectId, taskId]);
  for (const person of [...(participants ?? []), ...(sharedWith ?? [])]) topics.add(person);
  for (const facts of [before, after]) {
    if (typeof facts !== 'object' || facts === null) continue;
    topics.add(facts.owner).add(facts.assignee).add(facts.team);
  }
  if (traitsOf(event.kind).isAudited) topics.add(AUDIT);
  return [...topics].filter((topic) => typeof topic === 'string');
}
