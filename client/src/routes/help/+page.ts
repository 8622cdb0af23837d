import { loadMessages } from '../../messages/page.loader.svelte.ts';

export const load = () => loadMessages('help');
