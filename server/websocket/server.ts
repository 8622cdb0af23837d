import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import {
  CloseCode,
  handleProtocols,
  makeServer,
  type Context as ProtocolContext,
  type SubscribePayload,
} from 'graphql-ws';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Context } from '../graphql/context.ts';
import { classify } from '../database/failures.ts';
import {
  AnswerTooLong,
  RateLimited,
  STOPPING,
  TOO_MANY_CONNECTIONS,
  TOO_MUCH_AT_ONCE,
  Unauthenticated,
  Unavailable,
} from '../errors.ts';
import type { PayloadSink } from '../live/shared-payload.ts';
import { stagger } from '../lifecycle/stagger.ts';
import { toCodedError } from '../graphql/mask-errors.ts';
import { invalid } from '../graphql/prepare-operation.ts';
import { VIEWER_HEADER } from '../graphql/plugins/use-viewer-context.ts';
import { withRequest } from '../request-context.ts';
import { clientIp } from '../http/client-ip.ts';
import { isTooLong, type Connection } from '../live/connections.ts';
import type { Live } from '../live/live.ts';
import type { Graphql } from '../graphql/yoga.ts';
import type { Services } from '../services.ts';
import { DEEPEST_JSON, isTooDeep } from '../limits/json-depth.ts';
import { Quota } from '../limits/quota.ts';
import { SocketOperation } from './operation.ts';
import { rejectUpgrade } from './reject-upgrade.ts';

/** Same as for HTTP bodies. */
const MOST_MESSAGE_BYTES = 1024 * 1024;
const MOST_MESSAGES_A_MINUTE = 1_200;
const MOST_OPERATIONS = 100;
/** Of a person, payloads of their subscriptions included. */
const MOST_WAITING = 2_500;
const TRY_AGAIN_SECONDS = 2;
/** Sent without waiting for the client to read. */
const UNWAITED_BYTES = 64 * 1024;
const INIT_WITHIN_MS = 10_000;
const HEARTBEAT_SLOTS = 30;
const MINUTE_MS = 60_000;
/** Close code registered with RFC 6455. Clients reconnect after a delay. */
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;
const POLL_MS = 20;
/** For clients that do not answer the closing handshake. */
const CLOSE_WITHIN_MS = 5_000;

export interface SocketLimits {
  ofAddress: number;
  heartbeatMs: number;
}

export interface WebSocketTransport {
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Closes with 1001, so that clients reconnect to another server: staggered, after pending responses. */
  close(withinMs: number): Promise<void>;
}

interface Peer {
  headers: Headers;
  userId: string;
  operations: Record<string, unknown>;
  cleanups: (() => void)[];
  close: (code: number, reason: string) => void;
  /** Returns a promise if the client reads too slowly. */
  send: (text: string) => void | Promise<void>;
  drop: () => void;
  /** Counted for the address, then for the person. */
  counted: Connection;
  nextBeatAt: number;
  isAlive: boolean;
  isGone: boolean;
}

type Arguments = ExecutionArgs & { rootValue: Executors };
interface Executors {
  execute: (args: ExecutionArgs) => unknown;
  subscribe: (args: ExecutionArgs) => unknown;
}

/** GraphQL over WebSocket with the protocol `graphql-transport-ws`. */
export function createWebSocketTransport(
  graphql: Graphql,
  { authServices, live, log, origins, limits, connections }: Services,
  { ofAddress, heartbeatMs }: SocketLimits,
): WebSocketTransport {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    // Unknown protocols are accepted so that the client can be closed with 4406.
    handleProtocols: (offered) => handleProtocols(offered) || ([...offered][0] ?? false),
    clientTracking: false,
  });
  const hold = holding();
  const ofAddresses = new Quota(ofAddress);
  const peers = new Map<WebSocket, Peer>();
  let isClosing = false;
  const protocol = makeServer<Record<string, unknown>, Peer>({
    connectionInitWaitTimeout: INIT_WITHIN_MS,
    onConnect: admit,
    onSubscribe: ({ subscriptions, extra }, id, payload) => {
      if (isClosing) return [graphql.masked(new Unavailable(STOPPING))];
      if (Object.keys(subscriptions).length > MOST_OPERATIONS) return [tooManyOperations()];
      if (live.queue.waitingOf(extra.userId) >= MOST_WAITING)
        return [graphql.masked(new RateLimited(TOO_MUCH_AT_ONCE, TRY_AGAIN_SECONDS))];
      const operation = new SocketOperation();
      subscriptions[id] = operation;
      return operation.unlessLeft(prepare(graphql, live, extra, payload, operation, outletOf(extra, id)));
    },
    onNext: (_connection, _id, _payload, _args, { errors, ...rest }) =>
      errors ? { ...rest, errors: errors.map(withoutStatus) } : undefined,
    onError: (_connection, _id, _payload, errors) => errors.map(withoutStatus),
    execute: (args) => (args as Arguments).rootValue.execute(args) as never,
    subscribe: (args) => (args as Arguments).rootValue.subscribe(args) as never,
  });

  async function admit({
    connectionParams,
    subscriptions,
    extra,
  }: ProtocolContext<Record<string, unknown>, Peer>) {
    if (!origins.trusts(extra.headers)) return false;
    extra.operations = subscriptions;
    const authorization = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
    if (typeof authorization === 'string') extra.headers.set('authorization', authorization);
    const viewer = connectionParams?.[VIEWER_HEADER];
    if (typeof viewer === 'string') extra.headers.set(VIEWER_HEADER, viewer);
    const person = await authServices.credentials
      .resolve(extra.headers, 'GRAPHQL')
      .catch((error: unknown) => {
        if (error instanceof Unauthenticated) return null;
        if (classify(error).kind !== 'unavailable') throw error;
        // On "internal error", clients of the protocol would not reconnect.
        extra.close(TRY_AGAIN_LATER, new Unavailable().message);
        return null;
      });
    if (!person || extra.isGone) return false;
    const counted = connections.ofPerson(person.userId, extra.drop);
    if (!counted) {
      extra.close(TRY_AGAIN_LATER, TOO_MANY_CONNECTIONS);
      return false;
    }
    extra.userId = person.userId;
    extra.counted.close();
    extra.counted = counted;
    const stopWatching = live.onEnd(
      person,
      () => authServices.credentials.resolve(extra.headers, 'GRAPHQL'),
      () => {
        extra.close(CloseCode.Unauthorized, 'Unauthorized');
      },
    );
    extra.cleanups.push(stopWatching);
    return true;
  }

  const heartbeat = setInterval(() => {
    const now = performance.now();
    for (const [socket, peer] of peers) {
      if (now < peer.nextBeatAt) continue;
      peer.nextBeatAt = now + heartbeatMs;
      if (peer.isAlive) socket.ping();
      else socket.terminate();
      peer.isAlive = false;
    }
  }, heartbeatMs / HEARTBEAT_SLOTS).unref();

  function opened(socket: WebSocket, connection: Duplex, headers: Headers, address?: string): void {
    const peer: Peer = {
      headers,
      userId: '',
      operations: {},
      cleanups: [],
      close: (code, reason) => {
        end(socket, code, reason);
      },
      send: (text) => {
        hold(connection);
        return sent(socket, isTooLong(text) ? withoutAnswer(text) : text, peer);
      },
      drop: () => {
        socket.terminate();
      },
      counted: connections.ofAddress(address ?? '', () => {
        socket.terminate();
      }),
      nextBeatAt: performance.now() + heartbeatMs,
      isAlive: true,
      isGone: false,
    };
    peers.set(socket, peer);
    const isTooMuch = countMessages();
    const isOneTooMany = () => {
      const isSo = isTooMuch();
      if (isSo) peer.close(TRY_AGAIN_LATER, 'Too many messages. Wait a minute.');
      return isSo;
    };
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: peer.send,
        close: peer.close,
        onMessage: (listener) => {
          socket.on('message', (data: RawData) => {
            if (isOneTooMany()) return;
            // eslint-disable-next-line @typescript-eslint/no-base-to-string -- the binary type is "nodebuffer"
            const message = String(data);
            if (isTooDeep(message)) {
              peer.close(CloseCode.BadRequest, `Messages can be nested at most ${DEEPEST_JSON} levels deep.`);
              return;
            }
            withRequest(({ id: requestId }) => {
              listener(message).catch((error: unknown) => {
                log.error({ requestId, err: error }, 'operation over WebSocket failed');
                peer.close(CloseCode.InternalServerError, 'Internal server error');
              });
            }, address);
          });
        },
      },
      peer,
    );
    socket
      .on('pong', () => {
        peer.isAlive = true;
      })
      // ws answers pings with pongs, which accumulate if the client does not read.
      .on('ping', () => {
        peer.counted.unsent = socket.bufferedAmount;
        isOneTooMany();
      })
      // ws closes the socket with the right code for invalid messages.
      .on('error', () => undefined)
      .once('close', (code, reason) => {
        peers.delete(socket);
        peer.isGone = true;
        peer.counted.close();
        for (const cleanUp of peer.cleanups) cleanUp();
        void closed(code, String(reason)).catch((error: unknown) => {
          log.error({ err: error }, 'cleanup of a closed WebSocket failed');
        });
      });
  }

  return {
    upgrade(request, connection, head) {
      const address = clientIp(request, limits.proxies);
      if (!ofAddresses.take(address ?? '')) {
        rejectUpgrade(connection, '429 Too Many Requests\r\nRetry-After: 10');
        return;
      }
      connection.once('close', () => {
        ofAddresses.give(address ?? '');
      });
      sockets.handleUpgrade(request, connection, head, (socket) => {
        opened(socket, connection, headersOf(request), address);
      });
    },

    async close(withinMs) {
      isClosing = true;
      clearInterval(heartbeat);
      const open = [...peers];
      const cut = setTimeout(() => {
        for (const [socket] of open) socket.terminate();
      }, withinMs);
      await stagger(open, async ([socket, peer]) => {
        while (Object.values(peer.operations).some(isUnanswered) && peers.has(socket)) await sleep(POLL_MS);
        if (!peers.has(socket)) return;
        const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
        peer.close(GOING_AWAY, 'Going away');
        await closed;
      });
      clearTimeout(cut);
    },
  };
}

/** @returns execution arguments, or errors, which do not close the socket. */
async function prepare(
  { yoga, masked, requests }: Graphql,
  live: Live,
  { headers, userId }: Peer,
  payload: SubscribePayload,
  operation: SocketOperation,
  outlet: PayloadSink,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    // Only the headers are used; the object lives as long as the subscription.
    const request = { headers } as Request;
    const enveloped = yoga.getEnveloped({ request, params: payload as never, waitUntil: () => undefined });
    const { schema, execute, subscribe, contextFactory, parse, validate } = enveloped as {
      schema: GraphQLSchema;
      parse: (source: string) => DocumentNode;
      validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
      contextFactory: () => Promise<object>;
    } & Executors;
    const refusal = requests.spend(1);
    if (refusal) throw refusal;
    const document = parse(payload.query);
    const faults = validate(schema, document);
    if (faults.length > 0) return faults.map((fault) => masked(invalid(fault)));
    const args: Arguments = {
      schema,
      document,
      contextValue: Object.assign(await contextFactory(), { outlet } satisfies Partial<Context>),
      rootValue: {
        // A socket can send a hundred operations at once; they run in the fair queue.
        execute: (given) => operation.inTurn(live.queue, userId, given, execute),
        subscribe: (given) => operation.followed(subscribe(given)),
      },
    };
    if (payload.operationName != null) args.operationName = payload.operationName;
    if (payload.variables != null) args.variableValues = payload.variables;
    return args;
  } catch (error) {
    return [masked(error)];
  }
}

/** Writes protocol messages with this operation's id around shared payloads. */
function outletOf(peer: Peer, id: string): PayloadSink {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  return { send: (answer) => peer.send(`${head}${answer}}`) };
}

function isUnanswered(operation: unknown): boolean {
  return operation instanceof SocketOperation && !operation.isFollowed;
}

function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _status, ...extensions } = {}, ...formatted } = error.toJSON();
  return { ...formatted, extensions };
}

function tooManyOperations(): GraphQLError {
  return new GraphQLError(
    `This socket has ${MOST_OPERATIONS} open operations. Complete some, or open another socket.`,
    { extensions: { code: 'RATE_LIMITED' } },
  );
}

/** @returns a function that counts a message, and returns whether there are too many this minute. */
function countMessages(): () => boolean {
  let since = Date.now();
  let messages = 0;
  return () => {
    if (Date.now() - since > MINUTE_MS) {
      since = Date.now();
      messages = 0;
    }
    messages += 1;
    return messages > MOST_MESSAGES_A_MINUTE;
  };
}

function headersOf({ headers }: IncomingMessage): Headers {
  const given = new Headers();
  for (const name of ['cookie', 'origin', 'host', 'x-forwarded-host', 'sec-fetch-site', 'authorization']) {
    const value = headers[name];
    if (typeof value === 'string') given.set(name, value);
  }
  return given;
}

/** Corks the connection, so that messages of one tick are sent in one write. */
function holding(): (connection: Duplex) => void {
  const held = new Set<Duplex>();
  return (connection) => {
    if (held.has(connection)) return;
    if (held.size === 0) {
      process.nextTick(() => {
        for (const each of held) each.uncork();
        held.clear();
      });
    }
    held.add(connection);
    connection.cork();
  };
}

/** Sends a message. The promise applies backpressure to clients that read too slowly; all unsent bytes are counted. */
function sent(socket: WebSocket, text: string, peer: Peer): Promise<void> | void {
  if (socket.readyState !== socket.OPEN) return;
  const isAhead = socket.bufferedAmount < UNWAITED_BYTES;
  let onSent: () => void = () => undefined;
  const done = isAhead ? undefined : new Promise<void>((resolve) => (onSent = resolve));
  socket.send(text, () => {
    peer.counted.unsent = socket.bufferedAmount;
    onSent();
  });
  peer.counted.unsent = socket.bufferedAmount;
  return done;
}

/** Replaces a payload that is too long by an error. */
function withoutAnswer(text: string): string {
  // Quotes in the id are escaped, so the first match is the key.
  const head = text.slice(0, text.indexOf(PAYLOAD));
  return `${head}${PAYLOAD}${JSON.stringify({ errors: [withoutStatus(toCodedError(new AnswerTooLong()))] })}}`;
}

const PAYLOAD = ',"payload":';

function end(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  const cut = setTimeout(() => {
    socket.terminate();
  }, CLOSE_WITHIN_MS);
  socket.once('close', () => {
    clearTimeout(cut);
  });
}
