import type { WidgetDimension } from '../../gql/graphql.ts';

/** Classes of a colour: of a legend and bar, of an area, and of a line. */
export interface Color {
  sign: string;
  fill: string;
  stroke: string;
}

/** Whole names, since Tailwind finds classes in the text of files. */
const accent: Color = { sign: 'bg-accent', fill: 'fill-accent', stroke: 'stroke-accent' };
const going: Color = { sign: 'bg-going', fill: 'fill-going', stroke: 'stroke-going' };
const edge: Color = { sign: 'bg-edge', fill: 'fill-edge', stroke: 'stroke-edge' };
const wire: Color = { sign: 'bg-wire', fill: 'fill-wire', stroke: 'stroke-wire' };
const late: Color = { sign: 'bg-late', fill: 'fill-late', stroke: 'stroke-late' };
const ink: Color = { sign: 'bg-faint', fill: 'fill-faint', stroke: 'stroke-faint' };
const line: Color = { sign: 'bg-line', fill: 'fill-line', stroke: 'stroke-line' };

const inTurn = [accent, going, wire, edge, late, ink];

const ofKeys: Readonly<Record<string, Color>> = {
  TODO: edge,
  IN_PROGRESS: going,
  DONE: accent,
  CANCELLED: line,
  NONE: line,
  LOW: edge,
  MEDIUM: going,
  HIGH: wire,
  URGENT: late,
  TOTAL: edge,
  median: accent,
  p85: edge,
};

/** The colour of a value, the same in all charts; values without one of their own take turns. */
export function colorOf(dimension: WidgetDimension | null, key: string | null, place: number): Color {
  const own = dimension === 'STATUS' || dimension === 'PRIORITY' || dimension === null;
  return (own && key !== null ? ofKeys[key] : undefined) ?? inTurn[place % inTurn.length] ?? accent;
}
