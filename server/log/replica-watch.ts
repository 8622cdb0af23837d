import { setTimeout as sleep } from 'node:timers/promises';
import { openSession, type Session } from '../database/session.ts';
import { ON_OTHER_TIMELINE } from './epoch.ts';

/** A request waits this long for a replica that is behind; later ones do not wait until it has caught up. */
const WAIT_MS = 50;
const LOOK_AGAIN_MS = 2;
const CHECK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 500;

interface Position {
  lsn: string;
  epoch: string;
  isElsewhere: boolean;
}

/** Commits are flushed before they are acknowledged, unless an operator set synchronous_commit to off. */
const POSITION = {
  name: 'replicaWanted',
  text: `/* replicaWanted */
  SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
         ELSE pg_current_wal_flush_lsn() END AS lsn, epoch, ${ON_OTHER_TIMELINE} AS "isElsewhere"
  FROM event_log`,
};

/** With the epoch, since positions of different timelines cannot be compared. */
const IS_REPLAYED = {
  name: 'replicaReplayed',
  text: `/* replicaReplayed */
  SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::pg_lsn AND epoch = $2 AS "isReplayed" FROM event_log`,
};

/**
 * Compares a read replica with the primary. A read from a replica that is current returns at least what the primary
 * would have returned when it was asked: own writes, and no data that was out of the person's reach by then.
 */
export class ReplicaWatch {
  readonly url: string;
  readonly #primary: Lane;
  readonly #replica: Lane;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<boolean> = Promise.resolve(false);
  #waiting: Promise<boolean> | undefined;
  #isBehind = true;
  #isFailing = false;
  #isChecking = false;
  #isStopped = false;
  readonly #timer: NodeJS.Timeout;

  /** @param onFailure called at the start of each outage. */
  constructor(primaryUrl: string, replicaUrl: string, onFailure: (error: unknown) => void) {
    this.url = replicaUrl;
    this.#primary = new Lane(primaryUrl);
    this.#replica = new Lane(replicaUrl);
    this.#onFailure = onFailure;
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS).unref();
    void this.#check();
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether the replica has replayed everything that was committed before the call. Concurrent calls share a look. */
  isCurrent(): Promise<boolean> {
    if (this.#isBehind) return Promise.resolve(false);
    // The running look may have asked for the position before this call.
    return (this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#isBehind ? false : (this.#running = this.#look());
    }));
  }

  fail(error: unknown): void {
    this.#isBehind = true;
    if (!this.#isFailing && !this.#isStopped) this.#onFailure(error);
    this.#isFailing = true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isBehind = true;
    clearInterval(this.#timer);
    await this.#running;
    this.#primary.close();
    this.#replica.close();
  }

  async #look(): Promise<boolean> {
    try {
      const isCurrent = await this.#catchesUp();
      this.#isFailing = false;
      if (!isCurrent) this.#isBehind = true;
      return isCurrent;
    } catch (error) {
      this.#primary.close();
      this.#replica.close();
      this.fail(error);
      return false;
    }
  }

  async #catchesUp(): Promise<boolean> {
    const wanted = await this.#primary.ask<Position>(POSITION);
    if (wanted.isElsewhere) return false;
    for (const until = performance.now() + WAIT_MS; ;) {
      const values = [wanted.lsn, wanted.epoch];
      const { isReplayed } = await this.#replica.ask<{ isReplayed: boolean | null }>(IS_REPLAYED, values);
      if (isReplayed) return true;
      if (performance.now() > until) return false;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Also without requests, for the metrics. */
  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    if (this.#isBehind) {
      this.#running = this.#look();
      if (await this.#running) this.#isBehind = this.#isStopped;
    } else await this.isCurrent();
    this.#isChecking = false;
  }
}

/** A connection that is opened on demand. */
class Lane {
  readonly #url: string;
  #session: Promise<Session> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async ask<Row extends object>(
    statement: { name: string; text: string },
    values: string[] = [],
  ): Promise<Row> {
    this.#session ??= openSession(this.#url, {
      application_name: 'taskwire replica',
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
    });
    const { rows } = await (await this.#session).query<Row>({ ...statement, values });
    if (!rows[0]) throw new Error('the table event_log has lost its row');
    return rows[0];
  }

  /** Does not wait, since the server may not answer. */
  close(): void {
    this.#session?.then((session) => session.end()).catch(() => undefined);
    this.#session = undefined;
  }
}
