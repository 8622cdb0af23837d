import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Call,
  LiveConnection,
  type LineState,
  type Way,
} from '../../client/src/lib/api/live-connection.ts';

/** A network that a test opens and closes, and what a page on it would see. */
function onNetwork() {
  const net = { server: true, sockets: true, streams: true, silent: false };
  const states: LineState[] = [];
  const calls: { way: Way; call: Call; isHungUp: boolean }[] = [];
  const counts = { returns: 0, polls: 0 };
  const line = new LiveConnection({
    probe: () => Promise.resolve(net.server),
    onState: (state) => states.push(state),
    onReturn: () => (counts.returns += 1),
    onPoll: () => (counts.polls += 1),
  });
  const dial = (way: Way, call: Call) => {
    const made = { way, call, isHungUp: false };
    calls.push(made);
    const passes = net.server && (way === 'websocket' ? net.sockets : net.streams);
    if (!net.silent)
      queueMicrotask(() => {
        if (passes) call.opened();
        else call.over('broken');
      });
    return () => {
      made.isHungUp = true;
    };
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return {
    net,
    line,
    calls,
    counts,
    state: () => states.at(-1),
    settle,
    open: async () => {
      line.open(dial);
      await settle();
    },
    /** What is open breaks, and nothing new opens. */
    fail: async () => {
      net.server = false;
      calls.at(-1)?.call.over('broken');
      await settle();
    },
  };
}

const waitOf = (state: LineState | undefined) =>
  state?.name === 'waiting' ? state.nextTryAt - Date.now() : undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('how a page stands with its server', () => {
  test('[FR-022] a line opens by WebSocket, and nothing else is tried', async () => {
    const { open, state, calls } = onNetwork();
    await open();
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
    expect(calls.map(({ way }) => way)).toEqual(['websocket']);
  });

  test('[FR-023] a lost server is tried again after 1, 2, 4, 8, 16, 32 seconds, and every 32 without end', async () => {
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

  test('[FR-023] the server that is back is found at the next try, and what failed is asked for again', async () => {
    const { open, fail, state, net, counts } = onNetwork();
    await open();
    await fail();
    net.server = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
    expect(counts.returns).toBe(1);
  });

  test('[FR-023] a line that breaks as soon as it opens does not begin again at one second', async () => {
    const { open, state, calls, settle } = onNetwork();
    await open();
    const waits: (number | undefined)[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      calls.at(-1)?.call.over('broken');
      await settle();
      waits.push(waitOf(state()));
      await vi.advanceTimersByTimeAsync(waits.at(-1) ?? 0);
      expect(state()).toMatchObject({ name: 'live' });
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  test('[FR-023] a person who comes back does not wait for the time that was set', async () => {
    const { open, fail, state, net, line, settle } = onNetwork();
    await open();
    await fail();
    await vi.advanceTimersByTimeAsync(20_000);
    net.server = true;
    line.tryNow();
    await settle();
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
  });

  test('[FR-024] where sockets are blocked it is server-sent events, and a WebSocket again when the person is back where it passes', async () => {
    const { open, state, net, line, settle, calls } = onNetwork();
    net.sockets = false;
    await open();
    expect(state()).toEqual({ name: 'live', way: 'sse' });
    net.sockets = true;
    line.tryNow();
    await settle();
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
    expect(calls.filter(({ way }) => way === 'sse').every(({ isHungUp }) => isHungUp)).toBe(true);
  });

  test('[FR-024] server-sent events go on while a WebSocket is tried beside them once a minute, and end when it opens', async () => {
    const { open, state, net, calls } = onNetwork();
    net.sockets = false;
    await open();
    await vi.advanceTimersByTimeAsync(130_000);
    expect(calls.map(({ way }) => way)).toEqual(['websocket', 'sse', 'websocket', 'websocket']);
    expect(calls[1]?.isHungUp).toBe(false);
    expect(state()).toEqual({ name: 'live', way: 'sse' });
    net.sockets = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
    expect(calls[1]?.isHungUp).toBe(true);
    const made = calls.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toHaveLength(made);
    expect(calls.at(-1)?.isHungUp).toBe(false);
  });

  test('[FR-024] server-sent events that break while a WebSocket is tried beside them are a lost line', async () => {
    const { open, state, net, calls, line, settle } = onNetwork();
    net.sockets = false;
    await open();
    net.silent = true;
    line.tryNow();
    calls[1]?.call.over('broken');
    await settle();
    expect(waitOf(state())).toBe(1_000);
    expect(calls[2]?.isHungUp).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(state()).toMatchObject({ name: 'waiting' });
  });

  test('[FR-024] where nothing passes but requests, it asks every five seconds, until a better way opens', async () => {
    const { open, state, net, counts } = onNetwork();
    net.sockets = net.streams = false;
    await open();
    expect(state()).toEqual({ name: 'polling' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts.polls).toBe(4);
    expect(state()).toEqual({ name: 'polling' });
    net.sockets = true;
    await vi.advanceTimersByTimeAsync(32_000);
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
    const { polls } = counts;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts.polls).toBe(polls);
  });

  test('[FR-024] a proxy that swallows sockets and streams without a word is given up after six seconds each', async () => {
    const { open, state, net, calls } = onNetwork();
    net.silent = true;
    await open();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(calls.map(({ way, isHungUp }) => [way, isHungUp])).toEqual([
      ['websocket', true],
      ['sse', true],
    ]);
    expect(state()).toEqual({ name: 'polling' });
  });

  test('a server that refuses is not taken for one behind a proxy', async () => {
    const { line, state, settle } = onNetwork();
    line.open((_way, call) => {
      queueMicrotask(() => call.over('refused'));
      return () => undefined;
    });
    await settle();
    expect(waitOf(state())).toBe(1_000);
  });

  test('a request without an answer takes the line for lost, and one with an answer for found', async () => {
    const { open, state, line, settle } = onNetwork();
    await open();
    line.lost();
    expect(waitOf(state())).toBe(1_000);
    line.found();
    await settle();
    expect(state()).toEqual({ name: 'live', way: 'websocket' });
  });

  test('a person who has signed out is not followed any more, and nothing is tried', async () => {
    const { open, fail, state, line, calls, net } = onNetwork();
    await open();
    await fail();
    line.shut();
    net.server = true;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state()).toEqual({ name: 'resting' });
    expect(calls).toHaveLength(1);
  });

  test('[FR-016] at the door, where nothing is followed, a lost server is asked for until it answers', async () => {
    const { line, net, state, counts } = onNetwork();
    net.server = false;
    line.lost();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state()).toMatchObject({ name: 'waiting' });
    net.server = true;
    await vi.advanceTimersByTimeAsync(32_000);
    expect(state()).toEqual({ name: 'resting' });
    expect(counts.returns).toBe(1);
  });
});
