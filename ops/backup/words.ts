import type { Tables } from './manifest.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function size(bytes: number): string {
  const step = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}

function amount(number: number): string {
  return number.toLocaleString('en');
}

export function total(tables: Tables): string {
  const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
  return `${amount(rows)} rows in ${Object.keys(tables).length} tables`;
}

export function summary(tables: Tables): string {
  const named = {
    users: 'people',
    teams: 'teams',
    tasks: 'tasks',
    comments: 'comments',
    messages: 'messages',
  };
  const counts = Object.entries(named).map(([table, word]) => `${amount(tables[table]?.rows ?? 0)} ${word}`);
  return counts.join(', ');
}

export function moment(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}
