import type { IncomingMessage, Server } from 'node:http';
import { STOPPING, Unavailable } from '../errors.ts';
import type { AnswerListener, UpgradeListener } from '../http/listener.ts';
import { refuse } from '../http/refuse.ts';
import type { TimedResponse } from '../http/response-time.ts';
import { rejectUpgrade } from '../websocket/reject-upgrade.ts';

type TimedServer = Server<typeof IncomingMessage, typeof TimedResponse>;

/**
 * Lets requests in to those who answer them, and sends newcomers away with 503 and a word on why where nobody does:
 * while the server starts, and when it stops.
 */
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

  /** From now on `/readyz` says no and nobody gets a WebSocket; requests are answered, each as the last of its connection. */
  leave(): void {
    if (this.#state === 'open') this.#state = 'leaving';
  }

  /** Lets nobody in any more. @returns once those who are inside have their answers. */
  async shut(): Promise<void> {
    this.#state = 'shut';
    if (this.#inFlight > 0) await this.#drained.promise;
  }

  #admit(request: IncomingMessage, response: TimedResponse): void {
    if (this.#state === 'opening') {
      reject(request, response, 'Taskwire is starting; try again shortly.');
      return;
    }
    if (this.#state !== 'open') response.setHeader('Connection', 'close');
    const path = request.url?.split('?', 1)[0];
    // The process is alive to its end, whoever asks for it.
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
