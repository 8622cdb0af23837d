import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import { CursorExpired } from '../errors.ts';
import type { LoggedKind } from '../events/kinds.ts';
import type { Position } from '../events/position.ts';
import type { Person } from '../policy.ts';
import { liveRightsOf, type LiveRights } from '../sql/live-rights.ts';
import { AUDIT, topicsOf, type Hub, type Listener } from './hub.ts';

/** Somebody's subscription, as the one who hears of things for it sees it. */
export interface Subscription {
  hear(event: Event): void;
  /** The person may see other things from now on, or fewer. */
  reconsider(): void;
  fail(error: Error): void;
  /** The log has been read up to here, by so many events since the start. */
  pass(position: Position, handedOut: number): void;
}

/** Kinds of events after which the people whom they name may see other things than before. */
const CHANGES_RIGHTS: ReadonlySet<string> = new Set<LoggedKind>([
  'task.shared',
  'task.shareUpdated',
  'task.shareRevoked',
  'team.created',
  'team.memberJoined',
  'team.roleChanged',
  'team.memberRemoved',
  'team.memberLeft',
  'team.ownershipTransferred',
  'conversation.created',
  'conversation.deleted',
]);

interface NamedInData {
  participants?: string[];
  fields?: string[];
}

/** What happens to one member of a team changes nothing for its thousand others. */
function changesRightsOf(userId: string, { kind, actorId, personId, data }: Event): boolean {
  if (kind === 'team.deleted') return true;
  const { participants, fields } = data as NamedInData;
  if (kind === 'user.updated') return actorId === userId && fields?.includes('timezone') === true;
  return (
    CHANGES_RIGHTS.has(kind) &&
    (actorId === userId || personId === userId || participants?.includes(userId) === true)
  );
}

const PAUSE_MS = 250;
/** Timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * A person with subscriptions open: one for all of them, with the rights that they all are decided by. Rights are read
 * again before anything is decided that comes after a change of them.
 */
export class Onlooker implements Listener {
  readonly #hub: Hub;
  readonly #self: string;
  readonly #read: () => Promise<LiveRights>;
  readonly #subscriptions = new Set<Subscription>();
  readonly #topics = new Set<string>();
  #rights: LiveRights | undefined;
  #reading: Promise<void> | undefined;
  #changes = 0;
  #isGone = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(hub: Hub, db: Database, person: Person, adminEmails: ReadonlySet<string>) {
    this.#hub = hub;
    this.#read = () => liveRightsOf(db, person, adminEmails);
    this.#self = person.userId;
    // Ahead of the first reading, so that a change in the middle of it is heard of.
    this.#follow(this.#self);
  }

  /** How many are open. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  hear(event: Event): void {
    const changesRights = changesRightsOf(this.#self, event);
    // More topics at once, for the next event may be of them; fewer once the rights are read.
    if (changesRights) for (const topic of topicsOf(event)) if (topic !== AUDIT) this.#follow(topic);
    if (changesRights) this.#forgetRights();
    for (const subscription of this.#subscriptions) {
      subscription.hear(event);
      if (changesRights) subscription.reconsider();
    }
  }

  lose(): void {
    this.dismiss(new CursorExpired());
  }

  pass(position: Position, handedOut: number): void {
    for (const subscription of this.#subscriptions) subscription.pass(position, handedOut);
  }

  /** Ends all subscriptions. */
  dismiss(reason: Error): void {
    for (const subscription of this.#subscriptions) subscription.fail(reason);
  }

  /** What the person may see, as of the latest event that they have heard. Waits out a database that is away. */
  rights(): LiveRights | Promise<LiveRights> {
    return this.#rights ?? this.#rightsOnceRead();
  }

  async #rightsOnceRead(): Promise<LiveRights> {
    while (!this.#rights) {
      this.#reading ??= this.#readAgain();
      await this.#reading;
    }
    return this.#rights;
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription);
  }

  /** @returns whether it was the last one; then this onlooker is of no use any more. */
  remove(subscription: Subscription): boolean {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size > 0) return false;
    this.#isGone = true;
    for (const topic of this.#topics) this.#hub.leave(topic, this);
    this.#topics.clear();
    clearTimeout(this.#expiry);
    return true;
  }

  #forgetRights(): void {
    this.#changes += 1;
    this.#rights = undefined;
  }

  async #readAgain(): Promise<void> {
    const changes = this.#changes;
    try {
      const rights = await this.#read();
      // What was heard of meanwhile may have come too late for this reading.
      if (changes === this.#changes) this.#settle(rights);
    } catch (error) {
      if (classify(error).kind !== 'unavailable') throw error;
      await sleep(PAUSE_MS);
    } finally {
      this.#reading = undefined;
    }
  }

  #settle(rights: LiveRights): void {
    this.#rights = rights;
    if (this.#isGone) return;
    const { viewer, conversations, changesAt } = rights;
    const wanted = new Set([
      this.#self,
      ...viewer.teams.keys(),
      ...viewer.sharedTasks.keys(),
      ...conversations,
      ...(viewer.isAdmin ? [AUDIT] : []),
    ]);
    for (const topic of wanted) this.#follow(topic);
    for (const topic of this.#topics) {
      if (wanted.has(topic)) continue;
      this.#topics.delete(topic);
      this.#hub.leave(topic, this);
    }
    clearTimeout(this.#expiry);
    if (changesAt === null) return;
    const wait = Math.min(Math.max(changesAt.getTime() - Date.now(), 0) + 1, LONGEST_TIMER_MS);
    this.#expiry = setTimeout(() => {
      this.#forgetRights();
      for (const subscription of this.#subscriptions) subscription.reconsider();
    }, wait);
  }

  #follow(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#hub.join(topic, this);
  }
}
