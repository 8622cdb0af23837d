import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

export interface Payload {
  data?: Record<string, unknown> | null;
  errors?: { extensions: { code: string } }[];
}

interface Operation {
  query: string;
  variables: object;
}

interface Listener {
  onPayload(payload: Payload): void;
  /** The server sent a ping or a comment. */
  onHeartbeat(): void;
  /** The connection has closed. @param code the server's close code, or 1006. */
  onEnd(code: number): void;
}

export interface Subscription {
  pause(): void;
  resume(): void;
  /** Drops the connection without closing it. */
  cut(): void;
}

export type Subscribe = (
  url: string,
  token: string,
  operation: () => Operation,
  listener: Listener,
) => Subscription;

/** RFC 6455: the connection closed without a close frame. */
const BROKEN = 1006;

export const overWebSocket: Subscribe = (url, token, operation, listener) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const send = (message: object) => {
    socket.send(JSON.stringify(message));
  };
  socket
    .on('error', () => undefined)
    .on('close', (code) => {
      listener.onEnd(code);
    })
    .on('ping', () => {
      listener.onHeartbeat();
    })
    .on('open', () => {
      send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    })
    .on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(String(data)) as { type: string; payload?: Payload };
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: operation() });
      if (type === 'error' || type === 'complete') socket.terminate();
      if (payload) listener.onPayload(payload);
    });
  return {
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    cut: () => {
      socket.terminate();
    },
  };
};

export const overServerSentEvents: Subscribe = (url, token, operation, listener) => {
  let answer: IncomingMessage | undefined;
  let text = '';
  const receive = (event: string) => {
    if (event.startsWith(':')) listener.onHeartbeat();
    const data = /^event: next\ndata: (.*)$/m.exec(event)?.[1];
    if (data !== undefined) listener.onPayload(JSON.parse(data) as Payload);
  };
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  };
  const asked = request(`${url}/graphql`, { method: 'POST', headers, agent: false })
    .on('error', () => undefined)
    .on('close', () => {
      listener.onEnd(BROKEN);
    })
    .on('response', (response) => {
      answer = response.on('error', () => undefined).setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        const events = (text + chunk).split('\n\n');
        text = events.pop() ?? '';
        events.forEach(receive);
      });
    });
  asked.end(JSON.stringify(operation()));
  return {
    pause: () => {
      answer?.pause();
    },
    resume: () => {
      answer?.resume();
    },
    cut: () => {
      asked.destroy();
    },
  };
};
