import { ServerResponse, type IncomingMessage } from 'node:http';
import type { RequestTrace } from '../request-context.ts';

/** A subclass, since a method set on each response would keep the responses in memory for long. */
export class TimedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  trace: RequestTrace | undefined;
  /** The `WWW-Authenticate` header of a 401 response. */
  challenge: string | undefined;

  override writeHead(...given: unknown[]): this {
    if (this.trace) this.#addHeaders(this.trace);
    const status = given[0] ?? this.statusCode;
    if (status === 401 && this.challenge) this.setHeader('WWW-Authenticate', this.challenge);
    return (super.writeHead as (...given: unknown[]) => this)(...given);
  }

  #addHeaders(request: RequestTrace): void {
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
