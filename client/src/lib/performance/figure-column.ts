export interface FigureColumn<Row> {
  label: string;
  /** What it means, where the label alone does not tell. */
  hint?: string;
  /** What rows are sorted by: text from A to Z at first, numbers from the largest on. */
  value: (row: Row) => string | number;
  /** How it reads; the value itself when left out. */
  text?: (row: Row) => string;
}
