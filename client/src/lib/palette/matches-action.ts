/** Whether each word of a text begins a word of an action's name. An empty text matches all actions. */
export function matchesAction(name: string, text: string): boolean {
  const wordsOf = (words: string) => words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const known = wordsOf(name);
  return wordsOf(text).every((word) => known.some((each) => each.startsWith(word)));
}
