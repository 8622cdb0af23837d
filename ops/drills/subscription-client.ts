import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** What a subscription is told at a time. */
export interface Payload {
  data?: Record<string, unknown> | null;
  errors?: { extensions: { code: string } }[];
}

interface Operation {
  query: string;
  variables: object;
}

/** What somebody makes of a line. */
interface Ear {
  onPayload(payload: Payload): void;
  /** The server looked whether somebody is still there. */
  onHeartbeat(): void;
  /** It is over. @param code with which the server closed it; what it was cut with is no code of the server's. */
  onEnd(code: number): void;
}

/** A subscription on a connection of its own. */
export interface Line {
  /** Reads nothing more of what is sent. */
  pause(): void;
  resume(): void;
  /** Leaves without a word. */
  cut(): void;
}

export type Dial = (url: string, token: string, operation: () => Operation, ear: Ear) => Line;

/** RFC 6455: the connection broke without a word. */
const BROKEN = 1006;

export const overWebSocket: Dial = (url, token, operation, ear) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const send = (message: object) => {
    socket.send(JSON.stringify(message));
  };
  socket
    .on('error', () => undefined)
    .on('close', (code) => {
      ear.onEnd(code);
    })
    .on('ping', () => {
      ear.onHeartbeat();
    })
    .on('open', () => {
      send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    })
    .on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(String(data)) as { type: string; payload?: Payload };
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: operation() });
      if (type === 'error' || type === 'complete') socket.terminate();
      if (payload) ear.onPayload(payload);
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

export const overServerSentEvents: Dial = (url, token, operation, ear) => {
  let answer: IncomingMessage | undefined;
  let text = '';
  const hear = (event: string) => {
    if (event.startsWith(':')) ear.onHeartbeat();
    const data = /^event: next\ndata: (.*)$/m.exec(event)?.[1];
    if (data !== undefined) ear.onPayload(JSON.parse(data) as Payload);
  };
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  };
  const asked = request(`${url}/graphql`, { method: 'POST', headers, agent: false })
    .on('error', () => undefined)
    .on('close', () => {
      ear.onEnd(BROKEN);
    })
    .on('response', (response) => {
      answer = response.on('error', () => undefined).setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        const events = (text + chunk).split('\n\n');
        text = events.pop() ?? '';
        events.forEach(hear);
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
