import { ServerResponse, type IncomingMessage } from 'node:http';
import type { RequestTrace } from '../request-context.ts';

/**
 * Says in each answer how long it took: `X-Response-Time` in seconds, from the request's headers to the answer's, and
 * `Server-Timing` in milliseconds, which browsers show beside the request. Operations say what they leave of the viewer's budget.
 * A class of its own, for a method put on each response keeps it alive long enough to fill the memory.
 */
export class TimedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Whose answer it is; without it, nothing is said. */
  trace: RequestTrace | undefined;

  override writeHead(...given: unknown[]): this {
    if (this.trace) this.#tell(this.trace);
    return (super.writeHead as (...given: unknown[]) => this)(...given);
  }

  #tell(request: RequestTrace): void {
    const took = performance.now() - request.startedAt;
    this.setHeader('X-Request-Id', request.id);
    this.setHeader('X-Response-Time', (took / 1000).toFixed(6));
    this.setHeader('Server-Timing', serverTiming(request, took));
    if (!request.balance) return;
    this.setHeader('RateLimit-Limit', request.balance.limit);
    this.setHeader('RateLimit-Remaining', request.balance.remaining);
    this.setHeader('RateLimit-Reset', request.balance.reset);
  }
}

function serverTiming({ parse, validate, execute, sql, statements }: RequestTrace, took: number): string {
  const parts = [`total;dur=${took.toFixed(2)}`];
  if (parse > 0) parts.push(`parse;dur=${parse.toFixed(2)}`, `validate;dur=${validate.toFixed(2)}`);
  if (execute > 0) parts.push(`execute;dur=${execute.toFixed(2)}`);
  if (statements > 0) parts.push(`sql;dur=${sql.toFixed(2)};desc="${statements} statements"`);
  return parts.join(', ');
}
