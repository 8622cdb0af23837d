import type { Log } from '../log.ts';
import { currentRequest, type RequestTrace } from '../request.ts';
import { labelOf } from './statement-label.ts';
import { Timings } from './timings.ts';

/** A name that clients choose must not fill the memory: those that come later share one. */
const MOST_NAMES = 500;
const REST = '(others)';
/** What ran before an operation was known, or for none. */
const NO_OPERATION = '(none)';
const MOST_SLOW = 100;
/** Where everything is slow, to write of each would make it slower. */
const MOST_LINES_A_SECOND = 20;

/** An operation that took longer than it should. */
export interface SlowOperation extends Omit<
  RequestTrace,
  'startedAt' | 'balance' | 'address' | 'traceparent' | 'asker' | 'sent'
> {
  at: Date;
  /** Milliseconds, from the request's first byte to the result. */
  took: number;
}

/** Hears of each measurement as it is made. */
export interface Observer {
  operationEnded(request: RequestTrace, took: number): void;
  /** @param startedAt by `performance.now()`. */
  statementEnded(label: string, startedAt: number, took: number, request: RequestTrace | undefined): void;
}

export interface StoreSettings {
  log: Log;
  /** Milliseconds beyond which operations and statements are logged. */
  slowMs: number;
}

/** What this process has done and how long it took, since it started. */
export class PerformanceStore {
  readonly since = new Date();
  readonly operations = new Map<string, Timings>();
  readonly fields = new Map<string, Timings>();
  /** By label, then by operation. */
  readonly statements = new Map<string, Map<string, Timings>>();
  /** Errors that callers got, by code. */
  readonly errors = new Map<string, number>();
  /** The last ones, oldest first. */
  readonly slow: SlowOperation[] = [];
  observer: Observer | undefined;
  readonly #log: Log;
  readonly #slowMs: number;
  /** The second that lines are counted of, by `performance.now()`. */
  #second = 0;
  #lines = 0;
  #leftOut = 0;

  constructor({ log, slowMs }: StoreSettings) {
    this.#log = log;
    this.#slowMs = slowMs;
  }

  /** @param endedAt by `performance.now()`. */
  operationEnded(request: RequestTrace, endedAt: number): void {
    const took = endedAt - request.startedAt;
    timingsOf(this.operations, request.operation ?? NO_OPERATION).add(took);
    this.observer?.operationEnded(request, took);
    if (took <= this.#slowMs) return;
    const { startedAt, balance, address, traceparent, asker, sent, ...rest } = request;
    this.slow.push({ ...rest, at: new Date(), took });
    if (this.slow.length > MOST_SLOW) this.slow.shift();
    const { id: requestId, operation, cost, statements } = request;
    const [parse, validate, execute, sql] = [
      request.parse,
      request.validate,
      request.execute,
      request.sql,
    ].map(rounded);
    this.#tell(
      { requestId, operation, cost, took: rounded(took), parse, validate, execute, sql, statements },
      'slow operation',
    );
  }

  fieldResolved(field: string, milliseconds: number): void {
    timingsOf(this.fields, field).add(milliseconds);
  }

  /** @returns what to call when the statement has ended. */
  statementStarted(text: string): () => void {
    const request = currentRequest();
    const startedAt = performance.now();
    return () => {
      const took = performance.now() - startedAt;
      if (request) {
        request.sql += took;
        request.statements += 1;
      }
      const label = labelOf(text);
      this.observer?.statementEnded(label, startedAt, took, request);
      const operation = request?.operation ?? NO_OPERATION;
      timingsOf(
        entry(this.statements, label, () => new Map<string, Timings>()),
        operation,
      ).add(took);
      if (took <= this.#slowMs) return;
      this.#tell(
        { requestId: request?.id, operation, statement: label, took: rounded(took) },
        'slow statement',
      );
    };
  }

  /** At most so many a second; the next line says how many were left out. */
  #tell(line: object, message: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > MOST_LINES_A_SECOND) {
      this.#leftOut += 1;
      return;
    }
    this.#log.warn(this.#leftOut > 0 ? { ...line, leftOut: this.#leftOut } : line, message);
    this.#leftOut = 0;
  }

  errorAnswered(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

function timingsOf(all: Map<string, Timings>, name: string): Timings {
  return entry(all, name, () => new Timings());
}

function entry<Value>(all: Map<string, Value>, name: string, make: () => Value): Value {
  const known = all.get(name);
  if (known) return known;
  if (all.size >= MOST_NAMES && name !== REST) return entry(all, REST, make);
  const made = make();
  all.set(name, made);
  return made;
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
