import type { Database } from '../database/client.ts';
import { toolCallsOf, type ToolCall } from '../domain/tool-call.ts';
import { beginRun } from '../log/agent-run.ts';
import type { ToolCallState } from '../log/catalogue.ts';
import { inputOf } from '../mcp/input.ts';
import { Refused, type Operations } from '../mcp/operations.ts';
import { tools } from '../mcp/tools.ts';
import { withRequest } from '../request-context.ts';
import { derivedId } from './derived-id.ts';
import { NAME, runOf } from './identity.ts';
import { noteCalls, noteOutcome, type LeasedReply } from './queue.ts';
import { cutTo, storable } from './storable.ts';

/** Of one reply. */
const MOST_CALLS = 30;
const LONGEST_ARGUMENTS = 64_000;
const LONGEST_RESULT = 16_000;
const LONGEST_SUMMARY = 300;
const MOST_TASKS = 100;

type Outcome = Pick<ToolCall, 'summary' | 'tasks' | 'approvalId' | 'result'> & { state: ToolCallState };

interface Parts {
  db: Database;
  operations: Operations;
  reply: LeasedReply;
}

/**
 * Runs the tools of MCP for a reply, one after the other. Each call is stored before it runs, so that another process can
 * continue after a crash; what it creates has an id that depends only on the reply, so that it is created once.
 */
export class ToolRunner {
  readonly #parts: Parts;
  readonly #calls: ToolCall[];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#calls = toolCallsOf(parts.reply.toolCalls);
  }

  get calls(): readonly ToolCall[] {
    return this.#calls;
  }

  /** Finishes a call that another process began. */
  async resume(): Promise<void> {
    for (const [place, call] of this.#calls.entries())
      if (call.state === 'RUNNING') await this.#finish(place);
  }

  /** Never throws for what the tool refuses: the call says so. @throws LeaseLost */
  run(name: string, given: unknown): Promise<ToolCall> {
    const call = this.#turn.then(() => this.#run(name, given));
    this.#turn = call.catch(() => undefined);
    return call;
  }

  /** The call at a place, which runs only if no process has run it. */
  async runAt(place: number, name: string, given: unknown): Promise<ToolCall> {
    return this.#calls[place] ?? this.run(name, given);
  }

  async #run(name: string, given: unknown): Promise<ToolCall> {
    const place = this.#calls.length;
    const fault = this.#faultOf(name, given);
    const usable = fault === null ? (storable(given) as Record<string, unknown>) : {};
    const call: ToolCall = {
      id: String(place + 1),
      name: cutTo(String(storable(name)), 60),
      arguments: withIds(name, usable, this.#parts.reply.replyId, place),
      state: 'RUNNING',
      summary: '',
      tasks: [],
    };
    if (place >= MOST_CALLS) {
      const summary = `VALIDATION_FAILED: A reply can call at most ${MOST_CALLS} tools.`;
      return { ...call, state: 'REFUSED', summary, result: summary };
    }
    this.#calls.push(call);
    await noteCalls(this.#parts.db, this.#parts.reply, this.#calls);
    return this.#finish(place, fault);
  }

  #faultOf(name: string, given: unknown): Refused | null {
    const refuse = (message: string) => new Refused({ message, extensions: { code: 'VALIDATION_FAILED' } });
    if (!tools.has(name)) return refuse(`There is no tool "${cutTo(name, 60)}".`);
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      return refuse('The arguments must be a JSON object.');
    if (JSON.stringify(given).length > LONGEST_ARGUMENTS)
      return refuse('The arguments are too long. Ask for fewer changes at once.');
    return null;
  }

  async #finish(place: number, fault: Refused | null = null): Promise<ToolCall> {
    const { db, reply } = this.#parts;
    const call = this.#calls[place];
    if (!call) throw new RangeError('There is no such call');
    const { userId, conversationId: credentialId } = reply;
    const agent = { userId, credentialId, kind: 'ASSISTANT', name: NAME } as const;
    const source = { runId: await beginRun(db, agent, runOf(reply)), approvalId: null };
    const state = await this.#outcomeOf(call, fault);
    const done = { ...call, ...state };
    this.#calls[place] = done;
    await noteOutcome(db, reply, this.#calls, done, source);
    return done;
  }

  async #outcomeOf({ name, arguments: given }: ToolCall, fault: Refused | null): Promise<Outcome> {
    const { operations, reply } = this.#parts;
    try {
      const tool = tools.get(name);
      if (fault || !tool) throw fault ?? new RangeError('There is no such tool');
      const data = await ofOwnRequest(reply.userId, () => tool.call(inputOf(tool.input, given), operations));
      const text = JSON.stringify(storable(data));
      const tasks = tasksIn(data).map(({ id, title }) => ({ id, title: String(storable(title)) }));
      const titles = tasks.map(({ title }) => title).join(', ');
      return {
        state: 'DONE',
        summary: cutTo(titles, LONGEST_SUMMARY),
        tasks,
        result: cutTo(text, LONGEST_RESULT),
      };
    } catch (error) {
      const { code, message, details } = operations.refused(error);
      const { approvalId } = details;
      const isWaiting = code === 'CONFIRMATION_REQUIRED' && approvalId !== undefined;
      const summary = cutTo(String(storable(`${code}: ${message}`)), LONGEST_SUMMARY);
      return {
        state: isWaiting ? 'WAITING' : 'REFUSED',
        summary: isWaiting ? '' : summary,
        tasks: [],
        ...(isWaiting ? { approvalId } : {}),
        result: isWaiting ? WAITS : summary,
      };
    }
  }
}

/** An operation that fails cancels the statements of its request, and only those. */
function ofOwnRequest<T>(userId: string, work: () => Promise<T>): Promise<T> {
  return withRequest((request) => {
    request.requester.share = userId;
    return work();
  });
}

const WAITS =
  'Nothing has happened yet. The person sees buttons to approve or refuse this. Do not repeat the call; tell them what waits.';

/** The tasks of an answer, whichever tool gave it. */
function tasksIn({ tasks, items, results }: Record<string, unknown>): { id: string; title: string }[] {
  const found = [tasks, items, results].find(Array.isArray) ?? [];
  return (found as Record<string, unknown>[])
    .flatMap(({ id, title }) =>
      typeof id === 'string' && id.startsWith('task_') && typeof title === 'string' ? [{ id, title }] : [],
    )
    .slice(0, MOST_TASKS);
}

/** Arguments with ids for what the call creates, unless they have some. */
function withIds(name: string, given: Record<string, unknown>, replyId: string, place: number) {
  if (name === 'comment' || name === 'send_message') return { id: derivedId(replyId, place), ...given };
  if (name !== 'create_tasks' || !Array.isArray(given['tasks'])) return given;
  const tasks = given['tasks'].map((task: unknown, each) =>
    typeof task === 'object' && task !== null ? { id: derivedId(replyId, place, each), ...task } : task,
  );
  return { ...given, tasks };
}
