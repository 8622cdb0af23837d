// RESULTS.md: each bench puts its findings into a section of its own, and leaves all else as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, 'RESULTS.md');

/** Below so many busy cores a run counts as quiet. */
const QUIET = 0.2;

/** Puts what a bench found in the place of what it found before; a first time goes to the end of the page. */
export function writeSection(bench: 'all' | 'live' | 'tracing', text: string): void {
  const page = readFileSync(FILE, 'utf8');
  const [begin, end] = [`<!-- begin: ${bench} -->`, `<!-- end: ${bench} -->`];
  const section = `${begin}\n\n${text.trim()}\n\n${end}`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const written =
    from < 0 || to < from
      ? `${page.trimEnd()}\n\n${section}\n`
      : page.slice(0, from) + section + page.slice(to + end.length);
  writeFileSync(FILE, written);
}

/** What to say of a run that began while so many cores were busy with other things. */
export function conditions(busy: number): string {
  if (busy < QUIET) return 'The machine was quiet.';
  return `**Not a quiet machine**: ${busy.toFixed(1)} of its cores were busy with other things when the run began, so that rates and times say little; CPU says more.`;
}

export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function twoDigits(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The middle of some values, and between what the middle half of them lies. */
export function quartiles(values: number[]): { low: number; middle: number; high: number } {
  return { low: quantile(values, 0.25), middle: median(values), high: quantile(values, 0.75) };
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * share)] ?? NaN;
}

/** Says what is being done, while it is. */
export function tell(step: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K▸ ${step} …` : `▸ ${step} …\n`);
}
