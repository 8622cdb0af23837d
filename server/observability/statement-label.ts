import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';

const labels = new LRUCache<string, string>({
  maxSize: BOUNDS['statement texts'].most,
  sizeCalculation: (_label, text) => text.length + 1,
});
keep('statement texts', labels, ({ calculatedSize }) => calculatedSize);

const LABEL = /\/\*\s*([A-Za-z]\w*)\s*\*\//;
const FIRST_TABLE = /\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)"?/i;

/** A statement's label, or its verb and first table. Never contains values. */
export function labelOf(text: string): string {
  const known = labels.get(text);
  if (known !== undefined) return known;
  const verb = /[A-Za-z]+/.exec(text.replaceAll(/\/\*.*?\*\//gs, ''))?.[0].toUpperCase() ?? 'nothing';
  const table = FIRST_TABLE.exec(text)?.[1];
  const label = LABEL.exec(text)?.[1] ?? (table ? `${verb} ${table}` : verb);
  labels.set(text, label);
  return label;
}
