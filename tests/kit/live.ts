import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Person, World } from './world.ts';

const ANSWER_MS = 10_000;

/** A message of the protocol `graphql-transport-ws`. */
export interface Frame {
  type: string;
  id?: string;
  payload?: unknown;
}

/** One end of a WebSocket, with all received messages. */
export interface Wire {
  socket: WebSocket;
  frames: Frame[];
  send(frame: Frame | string): void;
  /** The first matching frame, received already or later. */
  frame(fits: (frame: Frame) => boolean): Promise<Frame>;
  closed: Promise<{ code: number; reason: string }>;
}

interface Dial {
  headers?: Record<string, string>;
  protocol?: string | string[];
  /** Whether it answers a ping. */
  autoPong?: boolean;
}

/** A bare WebSocket to the API, for messages that no client library sends. Closed at the end of the test. */
export async function dial(
  url: string,
  { headers = {}, protocol = 'graphql-transport-ws', autoPong = true }: Dial = {},
): Promise<Wire> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { headers, autoPong });
  onTestFinished(() => {
    socket.terminate();
  });
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: String(reason) });
      for (const look of waiting) look();
    });
  });
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    frames.push(JSON.parse(String(data)) as Frame);
    for (const look of waiting) look();
  });
  await once(socket, 'open');
  return {
    socket,
    frames,
    closed,
    send: (frame) => {
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
    },
    frame: (fits) =>
      new Promise((resolve, reject) => {
        const give = (why: string) => {
          waiting.delete(look);
          clearTimeout(timer);
          reject(new Error(`${why}; what came is ${JSON.stringify(frames.slice(-20))}`));
        };
        const look = () => {
          const found = frames.find(fits);
          if (!found) {
            if (socket.readyState === socket.CLOSED) give('the socket was closed');
            return;
          }
          waiting.delete(look);
          clearTimeout(timer);
          resolve(found);
        };
        const timer = setTimeout(() => {
          give(`no such frame within ${ANSWER_MS} ms`);
        }, ANSWER_MS);
        waiting.add(look);
        look();
      }),
  };
}

/** An authenticated WebSocket of a person. */
export async function dialAs({ url }: Pick<World, 'url'>, { token }: Pick<Person, 'token'>): Promise<Wire> {
  const wire = await dial(url);
  wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  await wire.frame(({ type }) => type === 'connection_ack');
  return wire;
}

export interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; path?: unknown; extensions: { code: string } & Record<string, unknown> }[];
}

export interface Watch<Data> {
  wire: Wire;
  /** All payloads so far. */
  answers: Answer<Data>[];
  /** The data of all payloads so far, without empty ones. */
  told: Data[];
  /** The first matching payload, received already or later. */
  until(fits: (data: Data) => boolean): Promise<Data>;
  /** The error code of its end; "complete" without an error. */
  end: Promise<string>;
  /** Ends it from the client's side. */
  stop(): void;
}

let operations = 0;

/** Subscribes on an open socket. */
export function watchOn<Data>(wire: Wire, query: string, variables: object = {}): Watch<Data> {
  operations += 1;
  const id = `operation ${operations}`;
  const mine = (type: string) => (frame: Frame) => frame.id === id && frame.type === type;
  const answers = () => wire.frames.filter(mine('next')).map(({ payload }) => payload as Answer<Data>);
  wire.send({ id, type: 'subscribe', payload: { query, variables } });
  const end = wire
    .frame((frame) => mine('complete')(frame) || mine('error')(frame))
    .then((frame) => {
      const errors =
        frame.type === 'error' ? (frame.payload as Answer<Data>['errors']) : answers().at(-1)?.errors;
      return errors?.[0]?.extensions.code ?? 'complete';
    });
  end.catch(() => undefined);
  return {
    wire,
    get answers() {
      return answers();
    },
    get told() {
      return answers().flatMap(({ data }) => (data ? [data] : []));
    },
    end,
    until: async (fits) => {
      const { payload } = await wire.frame((frame) => {
        const { data } = (frame.payload ?? {}) as Answer<Data>;
        return mine('next')(frame) && data != null && fits(data);
      });
      return (payload as { data: Data }).data;
    },
    stop: () => {
      wire.send({ id, type: 'complete' });
    },
  };
}

/** Subscribes as a person, on a separate socket. */
export async function watch<Data>(
  world: Pick<World, 'url'>,
  person: Pick<Person, 'token'>,
  query: string,
  variables: object = {},
): Promise<Watch<Data>> {
  return watchOn(await dialAs(world, person), query, variables);
}

export interface EventTold {
  events: {
    cursor: string;
    event: { id: string; kind: string; task: { id: string; title: string } | null } | null;
  };
}

const EVENTS = `subscription ($after: String, $filter: EventsFilter) {
  events(after: $after, filter: $filter) { cursor event { id kind task { id title } } }
}`;

/** Follows the events of a person, from the moment it returns. */
export async function watchEvents(
  world: Pick<World, 'url'>,
  person: Pick<Person, 'token'>,
  variables: { after?: string; filter?: object } = {},
): Promise<Watch<EventTold>> {
  const events = await watch<EventTold>(world, person, EVENTS, variables);
  await Promise.race([events.until(({ events: { event } }) => event === null), events.end]);
  return events;
}
