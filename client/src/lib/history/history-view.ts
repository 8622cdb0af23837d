import { plural } from '../language/format.ts';

const days = ['30', '90', '365'] as const;

export type Range = (typeof days)[number];

/** The periods to choose from, with their labels. */
export function ranges(): (readonly [Range, string])[] {
  return days.map((range) => [
    range,
    range === '365' ? plural(1, ['# year', '# years']) : plural(Number(range), ['# day', '# days']),
  ]);
}

/** The scope and period of the history. Kept in the URL, so that it survives a reload and can be shared. */
export interface HistoryView {
  days: Range;
  /** A team's id; empty for the viewer's own tasks. */
  team: string;
}

const usual: HistoryView = { days: '30', team: '' };

/** Reads the view from a URL; missing and invalid values get their defaults. */
export function readHistoryView(parameters: Pick<URLSearchParams, 'get'>): HistoryView {
  const asked = parameters.get('days');
  return {
    days: days.find((range) => range === asked) ?? usual.days,
    team: parameters.get('team') ?? usual.team,
  };
}

/** The path and query of a view, without default values. */
export function addressOfHistory({ days, team }: HistoryView): string {
  const parameters = new URLSearchParams();
  if (team !== usual.team) parameters.set('team', team);
  if (days !== usual.days) parameters.set('days', days);
  return parameters.size > 0 ? `/history?${parameters.toString()}` : '/history';
}
