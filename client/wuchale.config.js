import { adapter as components } from '@wuchale/svelte';
import { defineConfig } from 'wuchale';
import { adapter as modules } from 'wuchale/adapter-vanilla';

/** Their texts are read by programs. */
const technicalCalls = ['graphql', 'fetch'];
const technicalAttributes = ['class', 'style', 'id', 'for', 'd', 'points', 'transform', 'viewBox'];
/** The names of keys in events. */
const keys = ['Enter', 'Escape', 'Tab', 'Home', 'End'];

/**
 * What is translated: text in markup; elsewhere text that begins with a capital letter, such as "Add a task", or with a
 * value or number that a word follows, such as `${name} left`. `msg` includes other texts, `@wc-ignore` excludes one.
 * @type {import('wuchale').HeuristicFunc}
 */
function isMessage({ msgStr, details: { scope, element, attribute, call, file, funcName } }) {
  const text = msgStr.join(' ');
  const words = text.replaceAll(/<\/?\d+\/?>/g, '').replaceAll(/\{\d+\}/g, '#');
  if (scope === 'markup') return /\p{L}/u.test(words) && element !== 'style' && 'message';
  const isText =
    /^[^\p{L}#]*\p{Lu}.*\p{Ll}/su.test(words) || /^[^\p{L}#\d]*[#\d].*[\s’]\p{L}{2}/su.test(words);
  if (!isText || !/\p{L}{2}/u.test(words) || keys.includes(text) || /^\w+[a-z][A-Z]\w*$/.test(text))
    return false;
  if (technicalAttributes.includes(attribute ?? '') || technicalCalls.includes(call ?? '')) return false;
  if (scope === 'script' && funcName == null && !file.endsWith('.svelte'))
    throw new Error(
      `“${text}” is read before the language is loaded. Return it from a function or a getter.`,
    );
  return 'message';
}

/** Shown on the list of tasks or before sign-in, though their folders belong to other pages. */
const early = [
  'lib/session/AccountMenu.svelte',
  'lib/session/PasswordField.svelte',
  'lib/session/return-path.ts',
  'lib/conversation/UnreadConversations.svelte',
];

/** Components that `Lazy` loads, with this part of the catalogs. */
const lazy =
  /lib\/(task\/(AssigneeField|DeleteTask|DuplicateTask|EditConflict|LabelChoices|OfferAnswers|QuickEdit|ShareOffers|ShareTask|TaskDialogs|TaskEditor|TaskFields|TaskFilters|TaskMenu)|ui\/(Confirmation|EditDialog|ShortcutList|ShortcutsHelp))\.svelte$/;

/**
 * The part of the catalogs that a file belongs to: the first pages load only `common`, see routes/+layout.ts.
 * @param {string} file
 */
function partOf(file) {
  if (file.includes('/help/')) return 'help';
  if (early.some((path) => file.endsWith(path))) return 'common';
  const isLater =
    /lib\/(activity|application|assistant|board|conversation|custom-dashboard|filter|history|palette|performance|quick-add|selection|session|task-page|team|view|webhook)\//.test(
      file,
    ) ||
    /routes\/\(workspace\)\/.+\//.test(file) ||
    lazy.test(file);
  return isLater ? 'pages' : 'common';
}

const options = {
  heuristic: isMessage,
  patterns: [
    { name: 'msg', args: ['message'] },
    { name: 'plural', args: ['other', 'message'] },
  ],
};
// Copies, since each adds its own defaults.
const componentAdapter = components({ ...options });
const moduleAdapter = modules({ ...options });

export default defineConfig({
  locales: ['en', 'de'],
  localesDir: 'src/messages',
  ai: null,
  logLevel: 'warn',
  adapters: {
    page: {
      ...componentAdapter,
      files: { include: ['src/**/*.svelte', 'src/**/*.ts'], ignore: ['src/gql/**', '**/*.d.ts'] },
      // messages/page.loader.svelte.ts
      defaultLoaderPath: null,
      granularLoad: true,
      generateLoadID: partOf,
      transform({ content, filename, ...context }) {
        const { transform } = filename.endsWith('.svelte') ? componentAdapter : moduleAdapter;
        // Types of the API, such as `Task`, look like messages.
        const marked = content.replaceAll(
          'additionalTypenames: [',
          'additionalTypenames: /* @wc-ignore */ [',
        );
        return transform({ content: marked, filename, ...context });
      },
    },
  },
});
