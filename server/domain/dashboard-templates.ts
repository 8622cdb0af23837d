import { newId } from '../ids.ts';
import type { Widget } from './dashboard-widget.ts';

export const TEMPLATES = ['PERSONAL', 'TEAM', 'LEAD'] as const;

export type Template = (typeof TEMPLATES)[number];

type Given = Pick<Widget, 'kind' | 'measure'> & Partial<Widget>;

const TILE = { kind: 'NUMBER', width: 3, height: 1 } as const;
const HALF = { width: 6, height: 2 } as const;

const WIDGETS: Record<Template, readonly Given[]> = {
  PERSONAL: [
    { ...TILE, measure: 'OPEN' },
    { ...TILE, measure: 'OVERDUE' },
    { ...TILE, measure: 'COMPLETED', days: 7 },
    { ...TILE, measure: 'OPEN', scope: 'ASSIGNED' },
    { ...HALF, kind: 'BAR', measure: 'OPEN', by: 'PRIORITY' },
    { ...HALF, kind: 'HEAT_MAP', measure: 'COMPLETED', by: 'DAY', days: 90 },
    { ...HALF, kind: 'AREA', measure: 'OPEN', by: 'DAY', days: 30 },
    { ...HALF, kind: 'DONUT', measure: 'COUNT', by: 'STATUS' },
  ],
  TEAM: [
    { ...TILE, measure: 'OPEN' },
    { ...TILE, measure: 'OVERDUE' },
    { ...TILE, measure: 'THROUGHPUT', days: 7 },
    { ...TILE, measure: 'CYCLE_TIME', days: 30 },
    { ...HALF, kind: 'STACKED_BAR', measure: 'OPEN', by: 'ASSIGNEE', split: 'PRIORITY' },
    { ...HALF, kind: 'CUMULATIVE_FLOW', measure: 'COUNT', by: 'DAY', split: 'STATUS', days: 30 },
    { ...HALF, kind: 'BURN_UP', measure: 'COUNT', by: 'DAY', days: 90 },
    { ...HALF, kind: 'BAR', measure: 'OPEN', by: 'LABEL' },
  ],
  LEAD: [
    { ...TILE, measure: 'THROUGHPUT', days: 30 },
    { ...TILE, measure: 'LEAD_TIME', days: 30 },
    { ...TILE, measure: 'CYCLE_TIME', days: 30 },
    { ...TILE, measure: 'CREATED', days: 30 },
    { ...HALF, kind: 'BAR', measure: 'THROUGHPUT', by: 'WEEK', days: 90 },
    { ...HALF, kind: 'LINE', measure: 'CYCLE_TIME', by: 'WEEK', days: 90 },
    { ...HALF, kind: 'TABLE', measure: 'OVERDUE', by: 'ASSIGNEE' },
    { ...HALF, kind: 'CUMULATIVE_FLOW', measure: 'COUNT', by: 'WEEK', split: 'STATUS', days: 180 },
  ],
};

/** @param template null for no widgets. @param teamId the team that they are about; null for the person who looks. */
export function widgetsOf(template: Template | null, teamId: string | null): Widget[] {
  if (template === null) return [];
  return WIDGETS[template].map((given) => ({
    title: null,
    by: null,
    split: null,
    days: 30,
    filterText: null,
    goal: null,
    width: 4,
    height: 2,
    phoneOrder: null,
    ...given,
    ...(teamId === null ? { scope: given.scope ?? 'OWN', teamId } : { scope: 'TEAM', teamId }),
    key: newId(),
  }));
}
