import type { Database } from '../database/client.ts';
import { toolCallsOf, type ReplyFault } from '../domain/tool-call.ts';
import { dayIn } from '../filter-text/days.ts';
import type { Graphql } from '../graphql/yoga.ts';
import { publicId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { WORDS, type Language } from './command-words.ts';
import { instructionsFor } from './prompt.ts';
import { commandIn, runCommand } from './commands.ts';
import { operationsFor } from './identity.ts';
import {
  failReply,
  finishReply,
  hasTriedTooOften,
  keepReply,
  LeaseLost,
  releaseReply,
  type LeasedReply,
} from './queue.ts';
import type { AssistantSettings } from './settings.ts';
import { cutTo, storableText } from './storable.ts';
import { ToolRunner } from './tool-runner.ts';

export interface ReplyParts {
  db: Database;
  log: Logger;
  graphql: Graphql;
  settings: AssistantSettings;
}

const KEEP_EVERY_MS = 400;
const LONGEST_REPLY = 10_000;

/** Of a reply: its message, or why there is none. */
type Written = { content: string } | { fault: ReplyFault };

/** Writes one reply, and saves it. Never throws for what is wrong with the message or the model. */
export async function writeReply(parts: ReplyParts, reply: LeasedReply, closing: AbortSignal): Promise<void> {
  const { db } = parts;
  const draft = new Draft(db, reply, closing);
  const runner = new ToolRunner({ db, operations: operationsFor(parts.graphql, reply), reply });
  try {
    if (hasTriedTooOften(reply)) {
      await failReply(db, reply, GIVEN_UP);
      return;
    }
    await draft.look(db, reply);
    const written = draft.ending ? { content: '' } : await write(parts, reply, runner, draft);
    await draft.rest();
    if (draft.ending === 'LOST') return;
    const isWritten = 'content' in written && written.content !== '';
    if (draft.ending === 'CLOSING' && !isWritten) {
      await releaseReply(db, reply);
      return;
    }
    const isStopped = draft.ending === 'STOP';
    if ('fault' in written && !isStopped) {
      await failReply(db, reply, written.fault);
      return;
    }
    const text = storableText('content' in written ? written.content : draft.text).trim();
    const content = cutTo(text === '' ? '…' : text, LONGEST_REPLY);
    await finishReply(db, reply, { content, calls: runner.calls, state: isStopped ? 'STOPPED' : 'DONE' });
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
  } finally {
    await draft.rest();
  }
}

const GIVEN_UP: ReplyFault = {
  code: 'INTERNAL',
  message: 'The server could not finish this reply. Try again, or ask in another way.',
};

async function write(
  parts: ReplyParts,
  reply: LeasedReply,
  runner: ToolRunner,
  draft: Draft,
): Promise<Written> {
  const { db, log, settings } = parts;
  await runner.resume();
  const { name, timezone, locale } = await db.user.findUniqueOrThrow({
    where: { id: reply.userId },
    select: { name: true, timezone: true, locale: true },
  });
  const language: Language = locale === 'de' ? 'de' : 'en';
  const today = dayIn(timezone, reply.sentAt);
  const command = commandIn(reply.content);
  if (command) {
    const person = { id: publicId('User', reply.userId), name };
    const lastList = () => lastListOf(db, reply);
    return { content: await runCommand(command, { runner, person, language, today, lastList }) };
  }
  const words = WORDS[language];
  const { model } = settings;
  if (model === null) return { content: `${words.noModel}\n\n${words.help}` };
  // Loaded on demand, since most servers do not use it.
  const { askModel } = await import('./model.ts');
  const answer = await askModel({
    db,
    log,
    reply,
    runner,
    settings: { ...settings, model },
    instructions: instructionsFor({ name, timezone, today }),
    signal: draft.signal,
    onText(text) {
      draft.text = text;
    },
  });
  if ('fault' in answer) return answer;
  return { content: answer.text.trim() === '' ? words.finished : answer.text };
}

const MOST_SEARCHED = 50;

/** The tasks of the newest list that came before a message. */
async function lastListOf(db: Database, { conversationId, sentAt }: LeasedReply) {
  const messages = await db.message.findMany({
    where: { conversationId, role: 'ASSISTANT', createdAt: { lt: sentAt } },
    orderBy: { createdAt: 'desc' },
    take: MOST_SEARCHED,
    select: { toolCalls: true },
  });
  for (const { toolCalls } of messages) {
    const list = toolCallsOf(toolCalls).findLast(
      ({ name, state }) => name === 'list_tasks' && state === 'DONE',
    );
    if (list) return list.tasks;
  }
  return null;
}

/** The text of a reply while it is written. Stores it now and then, which also shows whether to go on. */
class Draft {
  text = '';
  ending: 'STOP' | 'LOST' | 'CLOSING' | undefined;
  readonly #aborting = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onClosing: () => void;
  readonly #closing: AbortSignal;
  #keeping: Promise<void> = Promise.resolve();

  constructor(db: Database, reply: LeasedReply, closing: AbortSignal) {
    this.#closing = closing;
    this.#timer = setInterval(() => {
      this.#keeping = this.#keeping.then(() => this.look(db, reply)).catch(() => undefined);
    }, KEEP_EVERY_MS);
    this.#onClosing = () => {
      this.#end('CLOSING');
    };
    closing.addEventListener('abort', this.#onClosing);
  }

  /** Aborted when the reply must not be continued. */
  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  async rest(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.removeEventListener('abort', this.#onClosing);
    await this.#keeping;
  }

  /** Stores the text, and sees whether the reply was stopped, which can be before it begins. */
  async look(db: Database, reply: LeasedReply): Promise<void> {
    if (this.ending) return;
    const verdict = await keepReply(db, reply, cutTo(storableText(this.text), LONGEST_REPLY));
    if (verdict !== 'GO_ON') this.#end(verdict);
  }

  #end(ending: 'STOP' | 'LOST' | 'CLOSING'): void {
    this.ending ??= ending;
    this.#aborting.abort();
  }
}
