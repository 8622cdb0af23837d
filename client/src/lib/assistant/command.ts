import { msg } from '../language/format.ts';

/** A command of the assistant. */
export interface Command {
  name: string;
  aliases: readonly string[];
  takesText: boolean;
}

/** The commands that begin with what is typed; none for other texts. */
export function commandsFor(text: string, commands: readonly Command[]): Command[] {
  const [, typed] = /^\/(\p{L}*)$/u.exec(text) ?? [];
  if (typed === undefined) return [];
  const word = typed.toLowerCase();
  return commands.filter(({ name, aliases }) => [name, ...aliases].some((each) => each.startsWith(word)));
}

/** An example, and what it does. */
export function commandWords(name: string): { example: string; about: string } {
  switch (name) {
    case 'add':
      return { example: msg('/add buy milk tomorrow !high'), about: msg('Create a task') };
    case 'list':
      return { example: msg('/list due this week'), about: msg('List tasks') };
    case 'done':
      return { example: msg('/done 3'), about: msg('Complete a task of the last list') };
    case 'delete':
      return { example: msg('/delete 3'), about: msg('Move a task of the last list to the trash') };
    case 'summary':
      return { example: '/summary', about: msg('Show your numbers') };
    default:
      return { example: `/${name}`, about: msg('Show all commands') };
  }
}
