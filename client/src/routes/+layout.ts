import { loadMessages } from '../messages/page.loader.svelte.ts';

// The dashboard is a static page: the server only serves files and GraphQL.
export const ssr = false;
export const prerender = false;

/** The list of tasks and the pages before sign-in need only the common messages. */
const first: readonly (string | null)[] = ['/(workspace)', '/(auth)/sign-in', '/(auth)/sign-up'];

/** If the server cannot be reached, the page shows an error, which needs only the common messages. */
const later = () => loadMessages('pages').catch(() => undefined);

export const load = async ({ route }: { route: { id: string | null } }) => {
  await Promise.all([loadMessages('common'), first.includes(route.id) || later()]);
};
