const MOST_TEXTS = 2_000;
const labels = new Map<string, string>();

const LABEL = /\/\*\s*([A-Za-z]\w*)\s*\*\//;
const FIRST_TABLE = /\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)"?/i;

/** What a statement is called in statistics: its label, or its verb and first table. Never a value. */
export function labelOf(text: string): string {
  const known = labels.get(text);
  if (known !== undefined) return known;
  const verb = /[A-Za-z]+/.exec(text.replaceAll(/\/\*.*?\*\//gs, ''))?.[0].toUpperCase() ?? 'nothing';
  const table = FIRST_TABLE.exec(text)?.[1];
  const label = LABEL.exec(text)?.[1] ?? (table ? `${verb} ${table}` : verb);
  if (labels.size < MOST_TEXTS) labels.set(text, label);
  return label;
}
