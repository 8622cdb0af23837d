export const ranges = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
] as const;

export type Range = (typeof ranges)[number][0];

/** Whose history is shown, and how much of it. It lives in the page's address, so that it survives a reload and can be sent. */
export interface HistoryView {
  days: Range;
  /** A team's id; empty for the viewer's own tasks. */
  team: string;
}

const usual: HistoryView = { days: '30', team: '' };

/** Reads the view from an address; what it does not name, or names wrongly, is as usual. */
export function readHistoryView(parameters: Pick<URLSearchParams, 'get'>): HistoryView {
  const asked = parameters.get('days');
  return {
    days: ranges.find(([days]) => days === asked)?.[0] ?? usual.days,
    team: parameters.get('team') ?? usual.team,
  };
}

/** The address of a view, from the root; what is as usual is left out. */
export function addressOfHistory({ days, team }: HistoryView): string {
  const parameters = new URLSearchParams();
  if (team !== usual.team) parameters.set('team', team);
  if (days !== usual.days) parameters.set('days', days);
  return parameters.size > 0 ? `/history?${parameters.toString()}` : '/history';
}
