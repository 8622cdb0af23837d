import { LONGEST_FILTER } from '../filter-text/grammar.ts';
import type { Day } from '../filter-text/days.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { daysInText } from '../quick-add/days-in-text.ts';
import { readQuickAdd, valuesOf } from '../quick-add/quick-add.ts';
import {
  COMMANDS,
  dayWords,
  escaped,
  priorityWord,
  WORDS,
  type CommandName,
  type Language,
} from './command-words.ts';
import { listFilter } from './list-filter.ts';
import type { ToolRunner } from './tool-runner.ts';

export interface Command {
  /** Null if there is no such command. */
  name: CommandName | null;
  typed: string;
  text: string;
}

/** Null for a message that is no command. */
export function commandIn(message: string): Command | null {
  const [, typed, text = ''] = /^\s*\/([\p{L}]+)(?:\s+([\s\S]*))?$/u.exec(message) ?? [];
  if (typed === undefined) return null;
  const word = typed.toLowerCase();
  const known = COMMANDS.find(
    ({ name, aliases }) => name === word || (aliases as readonly string[]).includes(word),
  );
  return { name: known?.name ?? null, typed: word, text: text.trim() };
}

export interface CommandContext {
  runner: ToolRunner;
  person: { id: string; name: string };
  language: Language;
  /** The person's today when the message was sent. */
  today: Day;
  /** The tasks of the last list in the conversation. */
  lastList: () => Promise<readonly Listed[] | null>;
}

interface Listed {
  id: string;
  title: string;
}

const MOST_LISTED = 20;

/** Does what a command says, by the same tools as a model. @returns the reply, as Markdown. */
export async function runCommand({ name, typed, text }: Command, context: CommandContext): Promise<string> {
  const words = WORDS[context.language];
  if (name === null) return `${words.unknown(typed.slice(0, 30))}\n\n${words.help}`;
  return name === 'help' ? words.help : run[name](text, context);
}

type Run = (text: string, context: CommandContext) => Promise<string>;

const run: Record<Exclude<CommandName, 'help'>, Run> = {
  async add(text, { runner, person, language, today }) {
    const words = WORDS[language];
    const daysIn = (typed: string) => daysInText(typed, today);
    const known = { people: [person], viewerId: person.id, kept: new Set<string>(), daysIn };
    const { title, markers } = readQuickAdd(text.replaceAll(/\s+/g, ' '), known);
    if (title.trim() === '') return words.addWhat;
    const values = valuesOf(markers);
    const call = await runner.runAt(0, 'create_tasks', { tasks: [{ title: title.trim(), ...values }] });
    const [task] = call.tasks;
    if (!task) return outcome(call, language);
    const details = [
      values.dueOn === undefined ? '' : words.due(dayWords(language, values.dueOn)),
      priorityWord(language, values.priority ?? 'NONE'),
      ...(values.labels ?? []).map((label) => escaped(`#${label}`)),
    ].filter((each) => each !== '');
    return [words.added(link(task)), ...details].join(' · ');
  },

  async list(text, { runner, language, today }) {
    const words = WORDS[language];
    const filter = listFilter(text.replaceAll(/\s+/g, ' ').slice(0, LONGEST_FILTER), today);
    const call = await runner.runAt(0, 'list_tasks', { filter, order: 'DUE_ON', limit: MOST_LISTED });
    if (call.state !== 'DONE') return outcome(call, language);
    const { tasks, nextCursor } = JSON.parse(call.result ?? '{}') as {
      tasks: (Listed & { dueOn?: string })[];
      nextCursor?: string;
    };
    if (tasks.length === 0) return words.nothingListed;
    const lines = tasks.map(({ dueOn, ...task }, place) => {
      const due = dueOn === undefined ? '' : ` · ${dayWords(language, dueOn)}`;
      return `${place + 1}. ${link(task)}${due}`;
    });
    return [lines.join('\n'), ...(nextCursor === undefined ? [] : [words.more])].join('\n\n');
  },

  async done(text, context) {
    const chosen = await numbered(text, context);
    if (typeof chosen === 'string') return chosen;
    const { runner, language } = context;
    const tasks = chosen.map(({ id }) => ({ id, status: 'DONE' }));
    const call = await runner.runAt(0, 'update_tasks', { tasks });
    if (call.state !== 'DONE') return outcome(call, language);
    return WORDS[language].done(call.tasks.map(link).join(', '));
  },

  async delete(text, context) {
    const chosen = await numbered(text, context);
    if (typeof chosen === 'string') return chosen;
    const { runner, language } = context;
    const call = await runner.runAt(0, 'delete_tasks', { ids: chosen.map(({ id }) => id) });
    if (call.state !== 'DONE') return outcome(call, language);
    return WORDS[language].deleted(chosen.length);
  },

  async summary(_text, { runner, language }) {
    const call = await runner.runAt(0, 'dashboard', {});
    if (call.state !== 'DONE') return outcome(call, language);
    const { dashboard } = JSON.parse(call.result ?? '{}') as { dashboard: DashboardData };
    const { statistics, activity, ...due } = dashboard;
    return WORDS[language].summary({ ...statistics, ...activity, ...due });
  },
};

interface DashboardData {
  statistics: { pending: number };
  activity: { completedToday: number; completedThisWeek: number };
  overdue: number;
  dueToday: number;
  dueThisWeek: number;
}

function outcome({ state, summary }: ToolCall, language: Language): string {
  const words = WORDS[language];
  return state === 'WAITING' ? words.waits : words.failed(escaped(summary));
}

function link({ id, title }: Listed): string {
  return `[${escaped(title)}](/t/${id})`;
}

/** Tasks by their numbers in the last list, or a sentence that says what is wrong. */
async function numbered(text: string, { lastList, language }: CommandContext): Promise<Listed[] | string> {
  const words = WORDS[language];
  if (!/^#?\d{1,3}(?:[\s,;]+(?:and |und )?#?\d{1,3})*$/.test(text)) return words.numbers;
  const tasks = await lastList();
  if (!tasks) return words.noList;
  const numbers = new Set((text.match(/\d+/g) ?? []).map(Number));
  const chosen: Listed[] = [];
  for (const number of numbers) {
    const task = tasks[number - 1];
    if (!task) return words.noNumber(number);
    chosen.push(task);
  }
  return chosen;
}
