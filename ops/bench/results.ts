// Each benchmark writes its own section of RESULTS.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, 'RESULTS.md');

/** With fewer busy cores the machine counts as quiet. */
const QUIET = 0.2;

/** Replaces the section of a benchmark, or appends it. */
export function writeSection(bench: 'all' | 'live' | 'tracing' | 'sizes', text: string): void {
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

/** Describes the load of the machine before a run. */
export function conditions(busy: number): string {
  if (busy < QUIET) return 'The machine was quiet.';
  return `**The machine was busy**: ${busy.toFixed(1)} cores were in use before the run, so rates and times are not reliable; CPU times are.`;
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

export function quartiles(values: number[]): { low: number; middle: number; high: number } {
  return { low: quantile(values, 0.25), middle: median(values), high: quantile(values, 0.75) };
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * share)] ?? NaN;
}

export function logProgress(step: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K▸ ${step} …` : `▸ ${step} …\n`);
}
