import { connect as openSocket } from 'node:net';
import { DatabaseError } from 'pg';
import { ABANDONED_WORDS, DISK_FULL } from './failures.ts';
import { PrimaryClient, type PrimaryClientConfig } from './servers.ts';
import type { StatementNames } from './statement-names.ts';

export type StopReason = 'slow' | 'abandoned';

export interface PoolConnectionConfig extends PrimaryClientConfig {
  onStatement?: ((text: string) => () => void) | undefined;
  names?: StatementNames;
  onDiskFull?: () => void;
}

interface Statement {
  text: string;
  since: number;
  stopped?: StopReason;
}

type Ended = (...outcome: unknown[]) => void;

interface Internals {
  processID: number;
  secretKey: number;
  connection: {
    parsedStatements: Record<string, string>;
    close(what: { type: 'S'; name: string }): void;
  };
}

const CANCEL_REQUEST = 80_877_102;
const CANCEL_BYTES = 16;
const CANCEL_WITHIN_MS = 1_000;

export class PoolConnection extends PrimaryClient {
  readonly #onStatement: PoolConnectionConfig['onStatement'];
  readonly #onDiskFull: PoolConnectionConfig['onDiskFull'];
  readonly #names: StatementNames | undefined;
  #dropped = 0;
  #statement: Statement | undefined;

  constructor(config?: PoolConnectionConfig) {
    super(config);
    this.#onStatement = config?.onStatement;
    this.#onDiskFull = config?.onDiskFull;
    this.#names = config?.names;
  }

  get statement(): Readonly<Statement> | undefined {
    return this.#statement;
  }

  override query(...given: unknown[]): never {
    const [first] = given as [string | { text?: string }];
    const text = typeof first === 'string' ? first : (first.text ?? '');
    if (this.#names && this.#names.dropped !== this.#dropped && !this.#statement)
      this.#forgetDropped(this.#names);
    const onEnd = this.#onStatement?.(text);
    const statement: Statement = { text, since: performance.now() };
    this.#statement = statement;
    const ended = (error?: unknown) => {
      onEnd?.();
      if (this.#statement === statement) this.#statement = undefined;
      if (error instanceof DatabaseError && error.code === DISK_FULL) this.#onDiskFull?.();
      // PostgreSQL only reports a cancellation by user request.
      if (statement.stopped === 'abandoned' && error instanceof Error) error.message = ABANDONED_WORDS;
    };
    const callback = given.at(-1);
    if (typeof callback === 'function') {
      given[given.length - 1] = (...outcome: unknown[]) => {
        ended(outcome[0]);
        (callback as Ended)(...outcome);
      };
    }
    const result: unknown = (super.query as (...all: unknown[]) => unknown)(...given);
    if (result instanceof Promise) {
      result.then(() => {
        ended();
      }, ended);
    }
    return result as never;
  }

  #forgetDropped(names: StatementNames): void {
    this.#dropped = names.dropped;
    const { connection } = this as unknown as Internals;
    for (const name of Object.keys(connection.parsedStatements)) {
      if (names.isLive(name)) continue;
      connection.close({ type: 'S', name });
      Reflect.deleteProperty(connection.parsedStatements, name);
    }
  }

  /** Until it resolves, the connection must not run another statement, which would be cancelled instead. */
  stop(why: StopReason): Promise<void> {
    if (!this.#statement) return Promise.resolve();
    this.#statement.stopped = why;
    const { processID, secretKey } = this as unknown as Internals;
    const request = Buffer.alloc(CANCEL_BYTES);
    for (const [n, value] of [CANCEL_BYTES, CANCEL_REQUEST, processID, secretKey].entries())
      request.writeInt32BE(value | 0, n * 4);
    const { host, port } = this;
    return new Promise((resolve) => {
      const socket = host.startsWith('/') ? openSocket(`${host}/.s.PGSQL.${port}`) : openSocket(port, host);
      // PostgreSQL closes the socket after handling the request. If it is unreachable, the statement timeout applies.
      socket
        .once('close', () => {
          resolve();
        })
        .on('error', () => undefined)
        .setTimeout(CANCEL_WITHIN_MS, () => socket.destroy())
        .end(request);
      socket.resume();
    });
  }
}
