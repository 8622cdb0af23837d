import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { newRequester, type Requester } from './database/requester.ts';

/** One request, and where its time went so far, in milliseconds. */
export interface RequestTrace {
  /** The answer, the log and a masked error share it. */
  readonly id: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  parse: number;
  validate: number;
  execute: number;
  /** The sum over all statements; those that ran side by side count each. */
  sql: number;
  statements: number;
  /** What its client calls it, once that is known. */
  operation: string | undefined;
  /** What it is called in statistics, which keep only so many names. */
  countedAs: string | undefined;
  /** Its price in points, once that is known. */
  cost: number | undefined;
  /** What it leaves of the viewer's budget, once that is known. */
  balance: { limit: number; remaining: number; reset: number; sufficed: boolean } | undefined;
  /** Whom it comes from; undefined for this machine itself. */
  readonly address: string | undefined;
  /** The trace of the caller that it belongs to, as W3C Trace Context has it. */
  traceparent: string | undefined;
  /** What the pool of database connections knows of it. */
  readonly requester: Requester;
  /** The statements one by one, where somebody follows them. */
  readonly sent: { label: string; startedAt: number; took: number }[];
}

const requests = new AsyncLocalStorage<RequestTrace>();

/** Runs the work of one request, of whatever transport, under a new id. */
export function withRequest<T>(work: (request: RequestTrace) => T, address?: string): T {
  const request: RequestTrace = {
    id: randomUUID(),
    startedAt: performance.now(),
    parse: 0,
    validate: 0,
    execute: 0,
    sql: 0,
    statements: 0,
    operation: undefined,
    countedAs: undefined,
    cost: undefined,
    balance: undefined,
    address,
    traceparent: undefined,
    requester: newRequester(),
    sent: [],
  };
  return requests.run(request, work, request);
}

/** By what the statements of a request are counted where no one has signed in. */
export function shareOfAddress({ address }: RequestTrace): string {
  return `address ${address ?? ''}`;
}

/** The request whose work this is; undefined outside of any. */
export function currentRequest(): RequestTrace | undefined {
  return requests.getStore();
}

export function currentRequestId(): string | undefined {
  return requests.getStore()?.id;
}
