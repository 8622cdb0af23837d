/** A line of a pasted text that becomes a task. */
export interface PastedLine {
  /** From 1, as people count. */
  line: number;
  title: string;
  /** Whether its checkbox is checked. */
  isDone: boolean;
}

/** A bullet or a number, then a checkbox; each is optional. */
const beginning = /^(?:[-*+•‣◦▪–—]|\d{1,3}[.)])?(?:(?<=.)\s+|^)(?:\[([ xX✓✔])\]\s+)?/u;
const box = /^([☐☑☒✅])\s*/u;

/** The lines of a list in plain text or Markdown, without bullets, numbers and checkboxes. Blank lines are left out. */
export function readLines(text: string): PastedLine[] {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).flatMap((written, place) => {
    const trimmed = written.replaceAll(/\s+/g, ' ').trim();
    const [begins = '', check] = beginning.exec(`${trimmed} `) ?? [];
    const rest = `${trimmed} `.slice(begins.length).trim();
    const symbol = box.exec(rest);
    const title = symbol ? rest.slice(symbol[0].length) : rest;
    const isDone = (check !== undefined && check !== ' ') || (symbol !== null && symbol[1] !== '☐');
    return title === '' ? [] : [{ line: place + 1, title, isDone }];
  });
}
