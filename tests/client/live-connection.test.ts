import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type ConnectionListener,
  LiveConnection,
  type ConnectionState,
  type Transport,
} from '../../client/src/lib/api/live-connection.ts';

/** A network that a test can switch on and off, with the connection on it. */
function onNetwork() {
  const net = { server: true, sockets: true, streams: true, silent: false };
  const states: ConnectionState[] = [];
  const attempts: { transport: Transport; listener: ConnectionListener; isClosed: boolean }[] = [];
  const counts = { returns: 0, polls: 0 };
  const connection = new LiveConnection({
    probe: () => Promise.resolve(net.server),
    onState: (state) => states.push(state),
    onReturn: () => (counts.returns += 1),
    onPoll: () => (counts.polls += 1),
  });
  const connect = (transport: Transport, listener: ConnectionListener) => {
    const made = { transport, listener, isClosed: false };
    attempts.push(made);
    const passes = net.server && (transport === 'websocket' ? net.sockets : net.streams);
    if (!net.silent)
      queueMicrotask(() => {
        if (passes) listener.opened();
        else listener.closed('broken');
      });
    return () => {
      made.isClosed = true;
    };
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return {
    net,
    connection,
    attempts,
    counts,
    state: () => states.at(-1),
    settle,
    open: async () => {
      connection.open(connect);
      await settle();
    },
    /** Breaks the connection; new ones fail. */
    fail: async () => {
      net.server = false;
      attempts.at(-1)?.listener.closed('broken');
      await settle();
    },
  };
}

const waitOf = (state: ConnectionState | undefined) =>
  state?.name === 'waiting' ? state.nextTryAt - Date.now() : undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the live connection', () => {
  test('[FR-022] connects by WebSocket without trying anything else', async () => {
    const { open, state, attempts } = onNetwork();
    await open();
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
    expect(attempts.map(({ transport }) => transport)).toEqual(['websocket']);
  });

  test('[FR-023] retries after 1, 2, 4, 8, 16, 32 seconds, then every 32 without end', async () => {
    const { open, fail, state } = onNetwork();
    await open();
    await vi.advanceTimersByTimeAsync(60_000);
    await fail();
    const waits: (number | undefined)[] = [];
    for (let tries = 0; tries < 40; tries += 1) {
      waits.push(waitOf(state()));
      await vi.advanceTimersByTimeAsync(waits.at(-1) ?? 0);
    }
    expect(waits.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
    expect(new Set(waits.slice(6))).toEqual(new Set([32_000]));
  });

  test('[FR-023] reconnects at the next retry once the server is back, and repeats failed queries', async () => {
    const { open, fail, state, net, counts } = onNetwork();
    await open();
    await fail();
    net.server = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
    expect(counts.returns).toBe(1);
  });

  test('[FR-023] keeps backing off when connections break right after opening', async () => {
    const { open, state, attempts, settle } = onNetwork();
    await open();
    const waits: (number | undefined)[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      attempts.at(-1)?.listener.closed('broken');
      await settle();
      waits.push(waitOf(state()));
      await vi.advanceTimersByTimeAsync(waits.at(-1) ?? 0);
      expect(state()).toMatchObject({ name: 'live' });
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  test('[FR-023] retries at once when the person returns to the page', async () => {
    const { open, fail, state, net, connection, settle } = onNetwork();
    await open();
    await fail();
    await vi.advanceTimersByTimeAsync(20_000);
    net.server = true;
    connection.tryNow();
    await settle();
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
  });

  test('[FR-024] uses server-sent events if WebSockets are blocked, and upgrades when the person returns', async () => {
    const { open, state, net, connection, settle, attempts } = onNetwork();
    net.sockets = false;
    await open();
    expect(state()).toEqual({ name: 'live', transport: 'sse' });
    net.sockets = true;
    connection.tryNow();
    await settle();
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
    expect(attempts.filter(({ transport }) => transport === 'sse').every(({ isClosed }) => isClosed)).toBe(
      true,
    );
  });

  test('[FR-024] keeps server-sent events while it tries a WebSocket every minute, and ends them when it opens', async () => {
    const { open, state, net, attempts } = onNetwork();
    net.sockets = false;
    await open();
    await vi.advanceTimersByTimeAsync(130_000);
    expect(attempts.map(({ transport }) => transport)).toEqual([
      'websocket',
      'sse',
      'websocket',
      'websocket',
    ]);
    expect(attempts[1]?.isClosed).toBe(false);
    expect(state()).toEqual({ name: 'live', transport: 'sse' });
    net.sockets = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
    expect(attempts[1]?.isClosed).toBe(true);
    const made = attempts.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(attempts).toHaveLength(made);
    expect(attempts.at(-1)?.isClosed).toBe(false);
  });

  test('[FR-024] reconnects when server-sent events break during an upgrade', async () => {
    const { open, state, net, attempts, connection, settle } = onNetwork();
    net.sockets = false;
    await open();
    net.silent = true;
    connection.tryNow();
    attempts[1]?.listener.closed('broken');
    await settle();
    expect(waitOf(state())).toBe(1_000);
    expect(attempts[2]?.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(state()).toMatchObject({ name: 'waiting' });
  });

  test('[FR-024] polls every five seconds if only requests work, until a better transport opens', async () => {
    const { open, state, net, counts } = onNetwork();
    net.sockets = net.streams = false;
    await open();
    expect(state()).toEqual({ name: 'polling' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts.polls).toBe(4);
    expect(state()).toEqual({ name: 'polling' });
    net.sockets = true;
    await vi.advanceTimersByTimeAsync(32_000);
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
    const { polls } = counts;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts.polls).toBe(polls);
  });

  test('[FR-024] gives up on a silent WebSocket and a silent stream after six seconds each', async () => {
    const { open, state, net, attempts } = onNetwork();
    net.silent = true;
    await open();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(attempts.map(({ transport, isClosed }) => [transport, isClosed])).toEqual([
      ['websocket', true],
      ['sse', true],
    ]);
    expect(state()).toEqual({ name: 'polling' });
  });

  test('waits, instead of falling back, when the server refuses', async () => {
    const { connection, state, settle } = onNetwork();
    connection.open((_transport, listener) => {
      queueMicrotask(() => listener.closed('refused'));
      return () => undefined;
    });
    await settle();
    expect(waitOf(state())).toBe(1_000);
  });

  test('reconnects after a request without a response, and recovers after one with a response', async () => {
    const { open, state, connection, settle } = onNetwork();
    await open();
    connection.reportUnreachable();
    expect(waitOf(state())).toBe(1_000);
    connection.reportReachable();
    await settle();
    expect(state()).toEqual({ name: 'live', transport: 'websocket' });
  });

  test('stops retrying after sign-out', async () => {
    const { open, fail, state, connection, attempts, net } = onNetwork();
    await open();
    await fail();
    connection.close();
    net.server = true;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state()).toEqual({ name: 'idle' });
    expect(attempts).toHaveLength(1);
  });

  test('[FR-016] probes an unreachable server on the sign-in page until it answers', async () => {
    const { connection, net, state, counts } = onNetwork();
    net.server = false;
    connection.reportUnreachable();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state()).toMatchObject({ name: 'waiting' });
    net.server = true;
    await vi.advanceTimersByTimeAsync(32_000);
    expect(state()).toEqual({ name: 'idle' });
    expect(counts.returns).toBe(1);
  });
});
