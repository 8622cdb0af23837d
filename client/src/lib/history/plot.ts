/** The scales of a chart, in pixels from the top left of its plot. */
export interface Plot {
  /** The middle of a band. */
  x: (place: number) => number;
  y: (value: number) => number;
  /** The width of a bar. */
  band: number;
  width: number;
  height: number;
}

/** One data series, with a value for each place. */
export interface Series {
  name: string;
  /** CSS classes of its marker in the legend. */
  sign: string;
  values: readonly number[];
}

/** A day or a week along the horizontal axis. */
export interface Place {
  name: string;
  /** The label below the axis. */
  tick?: string | undefined;
}

/** Bars from zero to each value, as one path, which draws a year as fast as a month. */
export function bars(values: readonly number[], { x, y, band }: Plot): string {
  const zero = y(0);
  return values
    .map((value, place) =>
      value === 0 ? '' : `M${x(place) - band / 2},${zero}v${y(value) - zero}h${band}v${zero - y(value)}z`,
    )
    .join('');
}
