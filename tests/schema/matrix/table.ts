const MARKS = ['✓', 'own', '·', 'F', 'N', 'U', 'V', 'C'] as const;

/** Results of an attempt, as written in the tables of `rights.ts`. */
export type Mark = (typeof MARKS)[number];

/** An attempt and its expected result. */
export interface Cell {
  row: string;
  column: string;
  expected: Mark;
}

/** Reads a table. @throws if a row has a wrong number of cells, or occurs twice. */
export function cellsOf(table: string): Cell[] {
  const [head = '', ...lines] = table.split('\n').filter((line) => line.trim() !== '');
  const columns = wordsOf(head.slice(head.indexOf('|') + 1));
  const rows = lines.map((line) => {
    const [row = '', marks = ''] = line.split('|');
    return { row: row.trim(), marks: wordsOf(marks) };
  });
  const names = new Set(rows.map(({ row }) => row));
  if (names.size < rows.length) throw new Error('a row stands there twice');
  return rows.flatMap(({ row, marks }) => {
    if (marks.length !== columns.length) throw new Error(`${row} has ${marks.length} marks`);
    return marks.flatMap((expected, i) =>
      expected === '-' ? [] : [{ row, column: columns[i] ?? '', expected: known(expected) }],
    );
  });
}

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}

function known(mark: string): Mark {
  const found = MARKS.find((candidate) => candidate === mark);
  if (!found) throw new Error(`${mark} is no mark`);
  return found;
}
