import toRuntime, { type CatalogModule, type Runtime } from 'wuchale/runtime';
import {
  type Language,
  provideLanguage,
  rememberLanguage,
  wantedLanguage,
} from '../lib/language/language.ts';

/** The parts of the catalogs, as `partOf` in wuchale.config.js assigns files to them. */
type Part = 'common' | 'pages' | 'help';

const catalogs = import.meta.glob<CatalogModule>('./.wuchale/page.{common,pages,help}.*.compiled.js');
const empty = toRuntime();

let shown = $state.raw<{ language: Language; parts: Partial<Record<Part, Runtime>> }>({
  language: 'en',
  parts: {},
});
const wanted: Part[] = [];
let loading: Promise<void> = Promise.resolve();

provideLanguage(() => shown.language);

/** Called by the code that wuchale adds to files with messages. */
export function getRuntime(part: Part): Runtime {
  const runtime = shown.parts[part];
  // A page that shows a part which it has not loaded gets it a moment later.
  if (!runtime) void loadMessages(part).catch(() => undefined);
  return runtime ?? empty;
}
/** The same; wuchale calls it where Svelte follows what is read. */
export const getRuntimeRx = (part: Part): Runtime => getRuntime(part);

/** Loads a part of the messages. Await it before anything that shows them is drawn. @throws if the server is not reached. */
export async function loadMessages(part: Part): Promise<void> {
  if (!wanted.includes(part)) wanted.push(part);
  await update();
  if (!shown.parts[part]) throw new Error('The messages could not be loaded.');
}

/** Shows the page in the language that a person has chosen; null is the browser's. */
export async function chooseLanguage(choice: string | null): Promise<void> {
  rememberLanguage(choice);
  await update();
}

/** One load at a time: the last one shows what is then wanted. */
function update(): Promise<void> {
  loading = loading.catch(() => undefined).then(load);
  return loading;
}

async function load(): Promise<void> {
  const language = wantedLanguage();
  const known = language === shown.language ? shown.parts : {};
  const missing = wanted.filter((part) => !known[part]);
  if (missing.length === 0) return;
  const loaded = await Promise.all(
    missing.map(async (part) => {
      const catalog = await catalogs[`./.wuchale/page.${part}.${language}.compiled.js`]?.().catch(() => null);
      return catalog ? [[part, toRuntime(catalog, language)] as const] : [];
    }),
  );
  shown = { language, parts: { ...known, ...Object.fromEntries(loaded.flat()) } };
  document.documentElement.lang = language;
}
