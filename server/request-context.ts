import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { newRequester, type Requester } from './database/requester.ts';

/** A request and its timings, in milliseconds. */
export interface RequestTrace {
  readonly id: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  parse: number;
  validate: number;
  execute: number;
  /** Sum over all statements, including concurrent ones. */
  sql: number;
  statements: number;
  operation: string | undefined;
  /** Name in statistics; the number of names is limited. */
  countedAs: string | undefined;
  cost: number | undefined;
  balance: { limit: number; remaining: number; reset: number; sufficed: boolean } | undefined;
  /** Undefined for this machine. */
  readonly address: string | undefined;
  /** The caller's trace (W3C Trace Context). */
  traceparent: string | undefined;
  readonly requester: Requester;
  readonly sent: { label: string; startedAt: number; took: number }[];
}

const requests = new AsyncLocalStorage<RequestTrace>();

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

export function shareOfAddress({ address }: RequestTrace): string {
  return `address ${address ?? ''}`;
}

/** Undefined outside a request. */
export function currentRequest(): RequestTrace | undefined {
  return requests.getStore();
}

export function currentRequestId(): string | undefined {
  return requests.getStore()?.id;
}
