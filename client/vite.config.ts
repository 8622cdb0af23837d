import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { type DocumentNode, print, stripIgnoredCharacters } from 'graphql';
import { defineConfig, type Plugin } from 'vite';
import { wuchale } from 'wuchale/vite';

const server = process.env.TASKWIRE_SERVER ?? 'http://127.0.0.1:4000';

/** What the list of tasks does without until a dialog or a task is opened. */
const isLater =
  /filter-text\/|lib\/(activity|assistant|board|calendar|custom-dashboard|filter|history|markdown|table|task-page|view)\/|node_modules\/marked\/|lib\/(approval\/(ApprovalItem|DeletionGrant|approval-words)|conversation\/(?!Unread|conversation\.)[\w-]+|language\/week|ui\/(Confirmation|CopyField|Dialog|EditDialog|Field|LinkToSend|ThemeSwitch)|task\/(AssigneeField|assignable-people|change-tasks|create-tasks|DeleteTask|DuplicateTask|ShareTask|still-shared)|session\/PasswordField|team\/team-words)\./;

export default defineConfig({
  plugins: [
    wuchale(),
    ownDocuments(),
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: '200.html', precompress: true }),
    }),
  ],
  build: {
    target: 'es2023',
    // One chunk for what most pages need: many small ones compress worse, and each is a request. Kit's own modules read
    // its settings when they are loaded, so they stay where it puts them. The first page shows no activity.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'common',
              minShareCount: 3,
              test: (id) => !/(?:devalue|@sveltejs)[\\/]/.test(id) && !isLater.test(id),
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: server, ws: true },
      '/api': { target: server, ws: true },
      '/export': { target: server },
      '/healthz': { target: server },
    },
  },
});

/**
 * Replaces each graphql(`…`) by its own document, so that a page does not load those of all others. Documents are text,
 * a fifth of the size of their AST. Fragments become empty: each operation's document contains them.
 */
function ownDocuments(): Plugin {
  const generated = new URL('src/gql/graphql.ts', import.meta.url).href;
  return {
    name: 'own-documents',
    enforce: 'post',
    apply: 'build',
    async transform(code, id) {
      if (id.endsWith('/gql/graphql.ts'))
        return code.replaceAll(/^(export const \w+FragmentDoc = )\{.*?^\};$/gms, '$1{};');
      if (id.includes('/gql/') || !code.includes('graphql(`')) return null;
      const documents = (await import(generated)) as Record<string, DocumentNode>;
      return code.replaceAll(/\bgraphql\(`\s*(\w+) (\w+)[^`]*`\)/g, (_call, kind: string, name: string) => {
        if (kind === 'fragment') return '({})';
        const document = documents[`${name}Document`];
        if (!document) this.error(`There is no document for the ${kind} ${name}.`);
        return `(${JSON.stringify(stripIgnoredCharacters(print(document)))})`;
      });
    },
  };
}
