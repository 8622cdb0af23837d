import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, SharePermission } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import { CursorExpired } from '../errors.ts';
import { traitsOf } from '../log/catalogue.ts';
import type { LogPosition } from '../log/cursor.ts';
import type { Person, TeamLimit } from '../policy.ts';
import { liveRightsOf, type LiveRights } from '../sql/live-rights.ts';
import { AUDIT, topicsOf, type Broker, type Listener } from './broker.ts';
import { KnownShares } from './known-shares.ts';

export interface SubscriberRights extends LiveRights {
  shares: KnownShares;
}

export interface OpenSubscription {
  readonly topics: readonly string[];
  onEvent(event: Event): void;
  reconsider(): void;
  fail(error: Error): void;
  pass(position: LogPosition, handedOut: number): void;
}

interface NamedInData {
  participants?: string[];
  sharedWith?: string[];
  fields?: string[];
}

/** A change for one team member does not affect the others. */
function changesRightsOf(userId: string, { kind, actorId, personId, data }: Event): boolean {
  const { participants, sharedWith, fields } = data as NamedInData;
  if (kind === 'user.updated') return actorId === userId && fields?.includes('timezone') === true;
  const { changesRights } = traitsOf(kind);
  if (changesRights === undefined || changesRights === 'ofAll') return changesRights !== undefined;
  const isNamed = participants?.includes(userId) ?? sharedWith?.includes(userId) ?? false;
  return actorId === userId || personId === userId || isNamed;
}

function endsMembership(userId: string, { kind, personId }: Event): boolean {
  return personId === userId && (kind === 'team.memberLeft' || kind === 'team.memberRemoved');
}

const PAUSE_MS = 250;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The subscriptions of a person, or of one of their credentials with a limit, share the rights, which are reloaded before
 * decisions after a change.
 */
export class Subscriber implements Listener {
  readonly #broker: Broker;
  readonly #self: string;
  readonly #limit: TeamLimit | null;
  readonly #read: () => Promise<SubscriberRights>;
  readonly #subscriptions = new Set<OpenSubscription>();
  readonly #topics = new Set<string>();
  #rights: SubscriberRights | undefined;
  #reading: Promise<void> | undefined;
  #changes = 0;
  #isGone = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(broker: Broker, db: Database, person: Person, adminEmails: ReadonlySet<string>) {
    this.#broker = broker;
    this.#read = async () => {
      const rights = await liveRightsOf(db, person, adminEmails);
      return { ...rights, shares: new KnownShares(db, rights.viewer.ownId, rights.holdsShares) };
    };
    this.#self = person.userId;
    this.#limit = person.limit;
    this.#setHolder(true);
    // Before the first read, so that a change during it is noticed.
    this.#follow(this.#self);
  }

  get knownShares(): number {
    return this.#rights?.shares.size ?? 0;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  onEvent(event: Event, shareOf: (userId: string) => SharePermission | null | undefined): void {
    const changesRights = changesRightsOf(this.#self, event);
    // The rights may be read only after the person has joined again.
    if (this.#limit && endsMembership(this.#self, event)) this.#limit.teamIds.delete(event.teamId ?? '');
    // Joins new topics at once, since the next event can need them; leaves topics after the rights are read.
    if (changesRights) for (const topic of topicsOf(event)) if (topic !== AUDIT) this.#follow(topic);
    if (changesRights) this.#forgetRights();
    else if (event.subjectId !== null && !this.#limit) {
      const share = shareOf(this.#self);
      if (share !== undefined) this.#rights?.shares.learn(event.subjectId, share);
    }
    for (const subscription of this.#subscriptions) {
      subscription.onEvent(event);
      if (changesRights) subscription.reconsider();
    }
  }

  lose(): void {
    this.dismiss(new CursorExpired());
  }

  pass(position: LogPosition, handedOut: number): void {
    for (const subscription of this.#subscriptions) subscription.pass(position, handedOut);
  }

  dismiss(reason: Error): void {
    for (const subscription of this.#subscriptions) subscription.fail(reason);
  }

  /** The rights as of the latest event received. Retries while the database is unavailable. */
  rights(): SubscriberRights | Promise<SubscriberRights> {
    return this.#rights ?? this.#rightsOnceRead();
  }

  async #rightsOnceRead(): Promise<SubscriberRights> {
    while (!this.#rights) {
      this.#reading ??= this.#readAgain();
      await this.#reading;
    }
    return this.#rights;
  }

  add(subscription: OpenSubscription): void {
    this.#subscriptions.add(subscription);
    for (const topic of subscription.topics) this.#follow(topic);
  }

  /** @returns whether it was the last one; then the subscriber must be dropped. */
  remove(subscription: OpenSubscription): boolean {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size > 0) {
      if (subscription.topics.length > 0 && this.#rights) this.#followWanted(this.#rights);
      return false;
    }
    this.#isGone = true;
    this.#setHolder(false);
    for (const topic of this.#topics) this.#broker.leave(topic, this);
    this.#topics.clear();
    clearTimeout(this.#expiry);
    return true;
  }

  /** With a limit, shares are never looked up. */
  #setHolder(holds: boolean): void {
    if (!this.#limit) this.#broker.setHolder(this.#self, holds);
  }

  #forgetRights(): void {
    this.#changes += 1;
    this.#rights = undefined;
    if (!this.#isGone) this.#setHolder(true);
  }

  async #readAgain(): Promise<void> {
    const changes = this.#changes;
    try {
      const rights = await this.#read();
      // The rights changed during the read, which may be outdated.
      if (changes === this.#changes) this.#settle(rights);
    } catch (error) {
      if (classify(error).kind !== 'unavailable') throw error;
      await sleep(PAUSE_MS);
    } finally {
      this.#reading = undefined;
    }
  }

  #settle(rights: SubscriberRights): void {
    this.#rights = rights;
    if (this.#isGone) return;
    this.#setHolder(rights.holdsShares);
    this.#followWanted(rights);
    const { changesAt } = rights;
    clearTimeout(this.#expiry);
    if (changesAt === null) return;
    const wait = Math.min(Math.max(changesAt.getTime() - Date.now(), 0) + 1, LONGEST_TIMER_MS);
    this.#expiry = setTimeout(() => {
      this.#forgetRights();
      for (const subscription of this.#subscriptions) subscription.reconsider();
    }, wait);
  }

  #followWanted({ viewer, conversations }: LiveRights): void {
    const wanted = new Set([
      this.#self,
      ...viewer.teams.keys(),
      ...conversations,
      ...[...this.#subscriptions].flatMap(({ topics }) => topics),
      ...(viewer.isAdmin ? [AUDIT] : []),
    ]);
    for (const topic of wanted) this.#follow(topic);
    for (const topic of this.#topics) {
      if (wanted.has(topic)) continue;
      this.#topics.delete(topic);
      this.#broker.leave(topic, this);
    }
  }

  #follow(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#broker.join(topic, this);
  }
}
