/** Text that PostgreSQL can store: without NUL, and with whole characters. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** JSON with storable texts and names. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [storableText(name), storable(each)]),
  );
}

/** At most `most` characters, with a sign that some are missing. */
export function cutTo(text: string, most: number): string {
  const characters = Array.from(text.slice(0, most * 2 + 1));
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
