import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';
import type { Logger } from '../logger.ts';
import { currentRequest, type RequestTrace } from '../request-context.ts';
import { labelOf } from './statement-label.ts';
import { Histogram } from './histogram.ts';

const REST = '(others)';
/** Per person, so that one person cannot displace the names of others. */
const MOST_NAMES_OF_PERSON = 50;
/** Labels are bounded by the code and the schema; this is a safeguard. */
const MOST_LABELS = BOUNDS.labels.most / 3;
const NO_OPERATION = '(none)';
const MOST_SLOW = 100;
/** Limits the load of logging when everything is slow. */
const MOST_LINES_A_SECOND = 20;

export interface StatementHistogram {
  label: string;
  operation: string;
  histogram: Histogram;
}

export interface SlowOperation extends Omit<
  RequestTrace,
  'startedAt' | 'countedAs' | 'balance' | 'address' | 'traceparent' | 'requester' | 'sent'
> {
  at: Date;
  /** Milliseconds. */
  took: number;
}

export interface Observer {
  operationEnded(request: RequestTrace, took: number): void;
  /** @param startedAt by `performance.now()`. */
  statementEnded(label: string, startedAt: number, took: number, request: RequestTrace | undefined): void;
}

export interface StoreSettings {
  log: Logger;
  /** Milliseconds. */
  slowMs: number;
}

export class PerformanceStore {
  readonly since = new Date();
  readonly operations = new LRUCache<string, Histogram>({
    max: BOUNDS['operation names'].most,
    dispose: (_timings, name) => {
      this.#forgetName(name);
    },
  });
  readonly fields = new Map<string, Histogram>();
  readonly statements = new Map<string, Histogram>();
  readonly statementsOfOperations = new LRUCache<string, StatementHistogram>({
    max: BOUNDS['statements of operations'].most,
  });
  readonly errors = new Map<string, number>();
  readonly slow: SlowOperation[] = [];
  observer: Observer | undefined;
  readonly #log: Logger;
  readonly #slowMs: number;
  #second = 0;
  #lines = 0;
  #leftOut = 0;
  readonly #bringers = new Map<string, string>();
  readonly #brought = new Map<string, number>();

  constructor({ log, slowMs }: StoreSettings) {
    this.#log = log;
    this.#slowMs = slowMs;
    keep('operation names', this, ({ operations }) => operations.size);
    keep('statements of operations', this, ({ statementsOfOperations }) => statementsOfOperations.size);
    keep('labels', this, ({ statements, fields, errors }) => statements.size + fields.size + errors.size);
  }

  /** Clients choose names, so each person can add only a few. Anonymous operations use their first root field. */
  nameOf(given: string, firstField: string, userId: string | undefined): string {
    if (this.operations.has(given)) return given;
    if (userId === undefined) return firstField;
    const brought = this.#brought.get(userId) ?? 0;
    if (brought >= MOST_NAMES_OF_PERSON) return REST;
    this.#brought.set(userId, brought + 1);
    this.#bringers.set(given, userId);
    this.operations.set(given, new Histogram());
    return given;
  }

  #forgetName(name: string): void {
    const userId = this.#bringers.get(name);
    if (userId === undefined) return;
    this.#bringers.delete(name);
    const left = (this.#brought.get(userId) ?? 1) - 1;
    if (left > 0) this.#brought.set(userId, left);
    else this.#brought.delete(userId);
  }

  /** @param endedAt by `performance.now()`. */
  operationEnded(request: RequestTrace, endedAt: number): void {
    const took = endedAt - request.startedAt;
    const name = request.countedAs ?? NO_OPERATION;
    this.#operation(name).add(took);
    this.observer?.operationEnded(request, took);
    if (took <= this.#slowMs) return;
    const { startedAt, countedAs, balance, address, traceparent, requester, sent, ...rest } = request;
    this.slow.push({ ...rest, at: new Date(), took });
    if (this.slow.length > MOST_SLOW) this.slow.shift();
    const { id: requestId, operation, cost, statements } = request;
    const [parse, validate, execute, sql] = [
      request.parse,
      request.validate,
      request.execute,
      request.sql,
    ].map(rounded);
    this.#logLine(
      { requestId, operation, cost, took: rounded(took), parse, validate, execute, sql, statements },
      'slow operation',
    );
  }

  fieldResolved(field: string, milliseconds: number): void {
    timingsOf(this.fields, field).add(milliseconds);
  }

  /** @returns a function to call when the statement ends. */
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
      timingsOf(this.statements, label).add(took);
      this.#statementOf(label, request?.countedAs ?? NO_OPERATION).add(took);
      if (took <= this.#slowMs) return;
      this.#logLine(
        { requestId: request?.id, operation, statement: label, took: rounded(took) },
        'slow statement',
      );
    };
  }

  #operation(name: string): Histogram {
    const known = this.operations.get(name);
    if (known) return known;
    const histogram = new Histogram();
    this.operations.set(name, histogram);
    return histogram;
  }

  #statementOf(label: string, operation: string): Histogram {
    const key = `${label}\n${operation}`;
    const known = this.statementsOfOperations.get(key);
    if (known) return known.histogram;
    const histogram = new Histogram();
    this.statementsOfOperations.set(key, { label, operation, histogram });
    return histogram;
  }

  /** Limited per second; the next line has the number of omitted ones. */
  #logLine(line: object, message: string): void {
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

function timingsOf(all: Map<string, Histogram>, name: string): Histogram {
  const known = all.get(name);
  if (known) return known;
  if (all.size >= MOST_LABELS && name !== REST) return timingsOf(all, REST);
  const made = new Histogram();
  all.set(name, made);
  return made;
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
