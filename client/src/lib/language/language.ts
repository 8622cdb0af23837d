export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

const storedAs = 'taskwire.language';

let read = (): Language => 'en';

/** The language of the page. */
export function language(): Language {
  return read();
}

/** Sets where `language` reads it. Without a source it is English, as in tests without a browser. */
export function provideLanguage(source: () => Language): void {
  read = source;
}

/** The first language of a list of BCP 47 tags that the page has; English if it has none. */
function firstKnown(tags: readonly string[]): Language {
  for (const tag of tags) {
    const known = languages.find(
      (each) => each === tag.slice(0, 2).toLowerCase() && !/^[a-z]/i.test(tag.slice(2)),
    );
    if (known) return known;
  }
  return 'en';
}

/** The language that was chosen in this browser, or else the browser's own. */
export function wantedLanguage(): Language {
  return firstKnown([storage()?.getItem(storedAs) ?? '', ...navigator.languages]);
}

/** Remembers the choice for the pages before sign-in; null is the browser's language. */
export function rememberLanguage(choice: string | null): void {
  if (choice === null) storage()?.removeItem(storedAs);
  else storage()?.setItem(storedAs, choice);
}

function storage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    // Storage can be forbidden; the browser's language is then used until the person has signed in.
    return undefined;
  }
}
