export interface FigureColumn<Row> {
  label: string;
  /** Explains the label. */
  hint?: string;
  /** The sort key: text sorts from A to Z first, numbers from the largest. */
  value: (row: Row) => string | number;
  /** The displayed text; the value itself by default. */
  text?: (row: Row) => string;
}
