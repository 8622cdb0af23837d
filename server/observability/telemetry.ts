import { setTimeout as sleep } from 'node:timers/promises';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { poolStatus, type Database } from '../database/client.ts';
import type { Observer } from './store.ts';

/**
 * Sends traces and metrics to an OpenTelemetry collector, configured by the standard OTEL_* variables. Continues the
 * caller's trace (`traceparent`). Spans never contain user data.
 * @returns an observer for the store, and a function that flushes and stops.
 */
export function startTelemetry(db: Database): { observer: Observer; stop: () => Promise<void> } {
  process.env['OTEL_SERVICE_NAME'] ??= 'taskwire';
  const sdk = new NodeSDK({ instrumentations: [] });
  sdk.start();
  const tracer = trace.getTracer('taskwire');
  const meter = metrics.getMeter('taskwire');
  const operations = meter.createHistogram('taskwire.operation.duration', { unit: 's' });
  const statements = meter.createHistogram('taskwire.statement.duration', { unit: 's' });
  meter.createObservableGauge('taskwire.database.connections').addCallback((result) => {
    for (const [state, count] of Object.entries({ ...poolStatus(db) })) result.observe(count, { state });
  });

  return {
    observer: {
      operationEnded(request, took) {
        const name = request.operation ?? '';
        operations.record(took / 1000, { operation: name });
        const caller = { traceparent: request.traceparent };
        const parent = request.traceparent ? propagation.extract(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
        const attributes = {
          'graphql.operation.name': name,
          'taskwire.request.id': request.id,
          'taskwire.cost': request.cost ?? 0,
          'taskwire.statements': request.statements,
        };
        const span = tracer.startSpan(
          `graphql ${name}`,
          { kind: SpanKind.SERVER, startTime: moment(request.startedAt), attributes },
          parent,
        );
        const inside = trace.setSpan(context.active(), span);
        for (const { label, startedAt, took: ofStatement } of request.sent) {
          const child = { kind: SpanKind.CLIENT, startTime: moment(startedAt), attributes: SYSTEM };
          tracer.startSpan(`sql ${label}`, child, inside).end(moment(startedAt + ofStatement));
        }
        span.end(moment(request.startedAt + took));
      },
      statementEnded(label, startedAt, took, request) {
        statements.record(took / 1000, { statement: label });
        if (request && request.sent.length < MOST_STATEMENTS) request.sent.push({ label, startedAt, took });
      },
    },
    stop: () => Promise.race([sdk.shutdown(), sleep(LAST_SENT_WITHIN_MS)]).catch(() => undefined),
  };
}

const SYSTEM = { 'db.system.name': 'postgresql' };
const MOST_STATEMENTS = 200;
/** An unavailable collector must not block shutdown. */
const LAST_SENT_WITHIN_MS = 2_000;

function moment(at: number): number {
  return performance.timeOrigin + at;
}
