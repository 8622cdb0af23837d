import type { IncomingMessage, Server } from 'node:http';
import { STOPPING, Unavailable } from '../errors.ts';
import type { AnswerListener, UpgradeListener } from '../http/listener.ts';
import { refuse } from '../http/refuse.ts';
import type { TimedResponse } from '../http/response-time.ts';
import { rejectUpgrade } from '../websocket/reject-upgrade.ts';

type TimedServer = Server<typeof IncomingMessage, typeof TimedResponse>;

/** Passes requests to the handlers, and rejects them with 503 while the server starts and after it stops. */
export class RequestDrain {
  #state: 'opening' | 'open' | 'leaving' | 'shut' = 'opening';
  #answer: AnswerListener = () => undefined;
  #inFlight = 0;
  readonly #drained = Promise.withResolvers<undefined>();

  constructor(server: TimedServer) {
    server.on('request', (request, response) => {
      this.#admit(request, response);
    });
  }

  open(server: TimedServer, answer: AnswerListener, upgrade: UpgradeListener): void {
    this.#answer = answer;
    this.#state = 'open';
    server.on('upgrade', (request, connection, head) => {
      if (this.#state === 'open') upgrade(request, connection, head);
      else rejectUpgrade(connection, '503 Service Unavailable\r\nRetry-After: 2');
    });
  }

  /** `/readyz` reports "not ready", WebSockets are rejected, and connections close after their response. */
  leave(): void {
    if (this.#state === 'open') this.#state = 'leaving';
  }

  /** Rejects all requests. @returns when running requests have ended. */
  async shut(): Promise<void> {
    this.#state = 'shut';
    if (this.#inFlight > 0) await this.#drained.promise;
  }

  #admit(request: IncomingMessage, response: TimedResponse): void {
    if (this.#state === 'opening') {
      reject(request, response, 'Taskwire is starting. Try again shortly.');
      return;
    }
    if (this.#state !== 'open') response.setHeader('Connection', 'close');
    const path = request.url?.split('?', 1)[0];
    // `/healthz` reports a live process until the end.
    const isMeant = this.#state === 'leaving' ? path !== '/readyz' : path === '/healthz';
    if (this.#state !== 'open' && !isMeant) {
      reject(request, response, STOPPING);
      return;
    }
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
      if (this.#inFlight === 0 && this.#state === 'shut') this.#drained.resolve(undefined);
    });
    this.#answer(request, response);
  }
}

function reject(request: IncomingMessage, response: TimedResponse, why: string): void {
  const refusal = new Unavailable(why);
  if (!request.url?.startsWith('/readyz')) {
    refuse(response, refusal);
    return;
  }
  response.writeHead(refusal.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify({ status: why })}\n`);
}
