/** Characters as the API counts them: code points. */
export function charactersIn(text: string): number {
  return Array.from(text).length;
}

/** Says how many characters of a text are too many; undefined where it fits. */
export function tooLong(what: string, text: string, most: number): string | undefined {
  const over = charactersIn(text.trim().normalize('NFC')) - most;
  if (over <= 0) return undefined;
  const characters = over === 1 ? 'character' : 'characters';
  return `${what} is ${over.toLocaleString('en')} ${characters} too long; the limit is ${most.toLocaleString('en')}.`;
}

/** The first characters of a text; none of them is halved. */
export function beginningOf(text: string, most: number): string {
  return Array.from(text).slice(0, most).join('');
}
