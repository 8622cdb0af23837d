import { lexer, type MarkedToken, type Token, type Tokens } from 'marked';

type Tag =
  | 'p'
  | 'h3'
  | 'h4'
  | 'h5'
  | 'h6'
  | 'ul'
  | 'ol'
  | 'li'
  | 'blockquote'
  | 'pre'
  | 'code'
  | 'strong'
  | 'em'
  | 'del'
  | 'br'
  | 'hr'
  | 'table'
  | 'thead'
  | 'tbody'
  | 'tr'
  | 'th'
  | 'td';

/** Text, or an element. Nothing else can reach the page: neither HTML, nor images, nor addresses that run scripts. */
export type Part =
  | string
  | { tag: Tag; children: Part[]; start?: number; align?: 'left' | 'right' | 'center' }
  | { tag: 'a'; href: string; children: Part[] }
  | { tag: 'checkbox'; index: number; checked: boolean };

/** Deeper nesting is shown as text. */
const deepest = 24;

const linkedProtocols = new Set(['http:', 'https:', 'mailto:']);

/** Parses CommonMark with GitHub's extensions. HTML stays text, and an image becomes a link to it. */
export function parseMarkdown(text: string): Part[] {
  try {
    const boxes = { seen: 0 };
    return lexer(text, { gfm: true }).flatMap((token) => partsOf(token, boxes, 0));
  } catch {
    // Thousands of nested quotes or asterisks exceed the stack.
    return [{ tag: 'p', children: [text] }];
  }
}

/** The source with its checkbox number `index` ticked or cleared. */
export function toggleCheckbox(source: string, index: number): string {
  const before = checkboxesIn(source);
  // The same characters can stand in code or in a sentence, so it is this marker or a later one.
  const markers = [...source.matchAll(/\[[ xX]\]/g)].slice(index);
  for (const { 0: marker, index: place } of markers) {
    const mark = marker === '[ ]' ? '[x]' : '[ ]';
    const changed = source.slice(0, place) + mark + source.slice(place + marker.length);
    const after = checkboxesIn(changed);
    const isOnlyChange = after.every((box, at) => (box !== before[at]) === (at === index));
    if (index < before.length && after.length === before.length && isOnlyChange) return changed;
  }
  return source;
}

/** The states of the checkboxes, in the order of the text. */
function checkboxesIn(source: string): boolean[] {
  const boxes: boolean[] = [];
  const collect = (parts: Part[]) => {
    for (const part of parts) {
      if (typeof part === 'string') continue;
      if (part.tag === 'checkbox') boxes.push(part.checked);
      else collect(part.children);
    }
  };
  collect(parseMarkdown(source));
  return boxes;
}

/** The address of a link, if it leads to a website, an email address or a page of Taskwire. */
function addressOf(href: string): string | undefined {
  const address = decoded(href);
  if (/^\/(?![/\\])/.test(address)) return address;
  return URL.canParse(address) && linkedProtocols.has(new URL(address).protocol) ? address : undefined;
}

function partsOf(given: Token, boxes: { seen: number }, depth: number): Part[] {
  const token = given as MarkedToken;
  if (depth > deepest) return [token.raw];
  const inside = (tokens: Token[]) => tokens.flatMap((inner) => partsOf(inner, boxes, depth + 1));
  const linked = (href: string, children: Part[]): Part[] => {
    const address = addressOf(href);
    return address === undefined ? children : [{ tag: 'a', href: address, children }];
  };
  const row = (cells: Tokens.TableCell[], tag: 'th' | 'td'): Part => ({
    tag: 'tr',
    children: cells.map(({ tokens, align }) => ({
      tag,
      ...(align ? { align } : {}),
      children: inside(tokens),
    })),
  });
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'paragraph':
      return [{ tag: 'p', children: inside(token.tokens) }];
    case 'heading':
      return [{ tag: headings[token.depth] ?? 'h6', children: inside(token.tokens) }];
    case 'blockquote':
    case 'strong':
    case 'em':
    case 'del':
      return [{ tag: token.type, children: inside(token.tokens) }];
    case 'list':
      return token.ordered
        ? [{ tag: 'ol', start: Number(token.start), children: inside(token.items) }]
        : [{ tag: 'ul', children: inside(token.items) }];
    case 'list_item':
      return [{ tag: 'li', children: inside(token.tokens) }];
    case 'checkbox':
      return [{ tag: 'checkbox', index: boxes.seen++, checked: token.checked }];
    case 'code':
      return [{ tag: 'pre', children: [{ tag: 'code', children: [token.text] }] }];
    case 'codespan':
      return [{ tag: 'code', children: [token.text] }];
    case 'br':
    case 'hr':
      return [{ tag: token.type, children: [] }];
    case 'table':
      return [
        {
          tag: 'table',
          children: [
            { tag: 'thead', children: [row(token.header, 'th')] },
            { tag: 'tbody', children: token.rows.map((cells) => row(cells, 'td')) },
          ],
        },
      ];
    case 'link':
      return linked(token.href, inside(token.tokens));
    case 'image':
      return linked(token.href, [decoded(token.text) || token.href]);
    case 'text':
      return token.tokens ? inside(token.tokens) : [decoded(token.text)];
    case 'escape':
      return [token.text];
    case 'html':
      return token.block ? [{ tag: 'p', children: [token.text.trimEnd()] }] : [token.text];
  }
}

/** The title of a task is the page's first heading, and its sections have the second. */
const headings: Record<number, Tag> = { 1: 'h3', 2: 'h4', 3: 'h5' };

function decoded(text: string): string {
  return text.replaceAll(/&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi, (entity) => {
    const { body } = new DOMParser().parseFromString(entity, 'text/html');
    return body.textContent;
  });
}
