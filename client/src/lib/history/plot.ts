/** Where things lie in a chart, in pixels from the top left of its plot. */
export interface Plot {
  /** The middle of a place's band. */
  x: (place: number) => number;
  y: (value: number) => number;
  /** How wide a bar is. */
  band: number;
  width: number;
  height: number;
}

/** What a chart shows, each with one value for each place. */
export interface Series {
  name: string;
  /** The classes of its sign in the legend. */
  sign: string;
  values: readonly number[];
}

/** A day or a week along the horizontal axis. */
export interface Place {
  name: string;
  /** What may stand below the axis here. */
  tick?: string | undefined;
}

/** Bars from zero to each value, as the one path that draws as fast for a year as for a month. */
export function bars(values: readonly number[], { x, y, band }: Plot): string {
  const zero = y(0);
  return values
    .map((value, place) =>
      value === 0 ? '' : `M${x(place) - band / 2},${zero}v${y(value) - zero}h${band}v${zero - y(value)}z`,
    )
    .join('');
}
