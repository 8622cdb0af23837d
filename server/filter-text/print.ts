import { KEYS, type Condition, type Node } from './grammar.ts';

/** Words that need no quotes. */
const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_.@+-]*$/u;

/** The canonical text of a filter; empty for null. */
export function printFilter(node: Node | null): string {
  if (!node) return '';
  if (node.type === 'condition') return printCondition(node);
  if (node.type === 'not') return `-${inside(node.part, 'not')}`;
  return node.parts.map((part) => inside(part, node.type)).join(node.type === 'and' ? ' ' : ' or ');
}

/** `and` binds more tightly than `or`. */
function inside(part: Node, parent: 'and' | 'or' | 'not'): string {
  const isGroup = part.type === 'or' || (part.type === 'and' && parent === 'not');
  return isGroup ? `(${printFilter(part)})` : printFilter(part);
}

function printCondition({ key, operator, values }: Condition): string {
  const { kind } = KEYS[key];
  const needsNoQuotes = kind === 'day' || kind === 'time';
  const printed = values.map(({ text }) => (needsNoQuotes || PLAIN.test(text) ? text : quoted(text)));
  return `${key}:${operator}${printed.join(',')}`;
}

export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
