import type { Day } from '../filter-text/days.ts';

export type Language = 'en' | 'de';

export const COMMANDS = [
  { name: 'add', aliases: ['neu'], arguments: true },
  { name: 'list', aliases: ['liste'], arguments: true },
  { name: 'done', aliases: ['erledigt'], arguments: true },
  { name: 'delete', aliases: ['löschen'], arguments: true },
  { name: 'summary', aliases: ['übersicht'], arguments: false },
  { name: 'help', aliases: ['hilfe'], arguments: false },
] as const;

export type CommandName = (typeof COMMANDS)[number]['name'];

const PRIORITIES = {
  en: { NONE: '', LOW: 'low', MEDIUM: 'medium', HIGH: 'high', URGENT: 'urgent' },
  de: { NONE: '', LOW: 'niedrig', MEDIUM: 'mittel', HIGH: 'hoch', URGENT: 'dringend' },
} as const;

export function priorityWord(language: Language, priority: string): string {
  return PRIORITIES[language][priority as keyof (typeof PRIORITIES)['en']];
}

export function dayWords(language: Language, day: Day): string {
  const locale = language === 'de' ? 'de-DE' : 'en-GB';
  return new Date(`${day}T00:00Z`).toLocaleDateString(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
}

/** Text of a person in Markdown, where it shows as it was typed. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()<>#+.!|~&-]/g, '\\$&');
}

interface Words {
  help: string;
  unknown: (name: string) => string;
  noModel: string;
  addWhat: string;
  added: (task: string) => string;
  due: (day: string) => string;
  nothingListed: string;
  more: string;
  noList: string;
  numbers: string;
  noNumber: (number: number) => string;
  done: (tasks: string) => string;
  deleted: (count: number) => string;
  waits: string;
  finished: string;
  failed: (reason: string) => string;
  summary: (numbers: Numbers) => string;
}

export interface Numbers {
  pending: number;
  overdue: number;
  dueToday: number;
  dueThisWeek: number;
  completedToday: number;
  completedThisWeek: number;
}

export const WORDS: Record<Language, Words> = {
  en: {
    help: `- \`/add buy milk tomorrow !high #home\` creates a task
- \`/list due this week\` lists open tasks, numbered; also \`/list overdue\`, \`/list #home\` or a filter
- \`/done 3\` completes number 3 of the last list; also \`/done 1 2\`
- \`/delete 3\` moves it to the trash, once you approve it
- \`/summary\` shows your numbers`,
    unknown: (name) => `There is no command \`/${name}\`. These work:`,
    noModel: 'No language model is set up on this server, so only commands work:',
    addWhat: 'What should be done? For example: `/add buy milk tomorrow !high`',
    added: (task) => `Created ${task}`,
    due: (day) => `due ${day}`,
    nothingListed: 'No tasks match.',
    more: 'There are more. Narrow the list down, or open it on the page of your tasks.',
    noList: 'There is no list yet. Send `/list` first.',
    numbers: 'Give the number of a task in the last list, such as `/done 3`.',
    noNumber: (number) => `The last list has no number ${number}.`,
    done: (tasks) => `Completed ${tasks}`,
    deleted: (count) => (count === 1 ? 'The task is in the trash.' : `${count} tasks are in the trash.`),
    waits: 'This needs your approval.',
    finished: 'Finished.',
    failed: (reason) => `That did not work: ${reason}`,
    summary: (of) => `- Open: **${of.pending}**
- Overdue: **${of.overdue}**
- Due today: **${of.dueToday}**, this week: **${of.dueThisWeek}**
- Completed today: **${of.completedToday}**, this week: **${of.completedThisWeek}**`,
  },
  de: {
    help: `- \`/add Milch kaufen morgen !hoch #zuhause\` legt eine Aufgabe an
- \`/list fällig diese Woche\` listet offene Aufgaben mit Nummern auf; auch \`/list überfällig\`, \`/list #zuhause\` oder ein Filter
- \`/done 3\` erledigt Nummer 3 der letzten Liste; auch \`/done 1 2\`
- \`/delete 3\` verschiebt sie in den Papierkorb, sobald du es genehmigst
- \`/summary\` zeigt deine Zahlen`,
    unknown: (name) => `Den Befehl \`/${name}\` gibt es nicht. Diese gibt es:`,
    noModel: 'Auf diesem Server ist kein Sprachmodell eingerichtet, daher gehen nur Befehle:',
    addWhat: 'Was ist zu tun? Zum Beispiel: `/add Milch kaufen morgen !hoch`',
    added: (task) => `Angelegt: ${task}`,
    due: (day) => `fällig ${day}`,
    nothingListed: 'Keine Aufgabe passt dazu.',
    more: 'Es gibt noch mehr. Grenze die Liste ein, oder öffne sie auf der Seite deiner Aufgaben.',
    noList: 'Es gibt noch keine Liste. Sende zuerst `/list`.',
    numbers: 'Gib die Nummer einer Aufgabe der letzten Liste an, zum Beispiel `/done 3`.',
    noNumber: (number) => `Die letzte Liste hat keine Nummer ${number}.`,
    done: (tasks) => `Erledigt: ${tasks}`,
    deleted: (count) =>
      count === 1 ? 'Die Aufgabe ist im Papierkorb.' : `${count} Aufgaben sind im Papierkorb.`,
    waits: 'Das braucht deine Genehmigung.',
    finished: 'Fertig.',
    failed: (reason) => `Das hat nicht geklappt: ${reason}`,
    summary: (of) => `- Offen: **${of.pending}**
- Überfällig: **${of.overdue}**
- Heute fällig: **${of.dueToday}**, diese Woche: **${of.dueThisWeek}**
- Heute erledigt: **${of.completedToday}**, diese Woche: **${of.completedThisWeek}**`,
  },
};
