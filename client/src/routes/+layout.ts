import { loadMessages } from '../messages/page.loader.svelte.ts';

// The dashboard is a static page: the server only serves files and GraphQL.
export const ssr = false;
export const prerender = false;

export const load = () => loadMessages('common');
