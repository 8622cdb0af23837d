import toRuntime, { type CatalogModule, type Runtime } from 'wuchale/runtime';
import {
  type Language,
  language,
  provideLanguage,
  rememberLanguage,
  wantedLanguage,
} from '../lib/language/language.ts';

/** The parts of the catalogs, as `generateLoadID` in wuchale.config.js assigns files to them. */
type Part = 'common' | 'help';

const catalogs = import.meta.glob<CatalogModule>('./.wuchale/page.{common,help}.*.compiled.js');
const empty = toRuntime();

let current = $state.raw<Language>('en');
let runtimes = $state.raw<Partial<Record<Part, Runtime>>>({});
const wanted: Part[] = [];

provideLanguage(() => current);

/** Called by the code that wuchale adds to files with messages. */
export function getRuntime(part: Part): Runtime {
  return runtimes[part] ?? empty;
}
export const getRuntimeRx = getRuntime;

/** Loads a part of the messages. Await it before anything that shows them is drawn. */
export async function loadMessages(part: Part): Promise<void> {
  if (!wanted.includes(part)) wanted.push(part);
  if (!runtimes[part]) await show(part === 'common' ? wantedLanguage() : language());
}

/** Shows the page in the language that a person has chosen; null is the browser's. */
export async function chooseLanguage(choice: string | null): Promise<void> {
  rememberLanguage(choice);
  if (wantedLanguage() !== current) await show(wantedLanguage());
}

async function show(next: Language): Promise<void> {
  const loaded = await Promise.all(
    wanted.map(async (part) => {
      const catalog = await catalogs[`./.wuchale/page.${part}.${next}.compiled.js`]?.();
      return [part, toRuntime(catalog, next)] as const;
    }),
  );
  current = next;
  runtimes = Object.fromEntries(loaded);
  document.documentElement.lang = next;
}
