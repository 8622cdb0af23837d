import type { EmbeddedDatabase } from './embedded.ts';

/** A database that is started and stopped independently. */
export function externalDatabase(url: string): EmbeddedDatabase {
  return { url, stop: () => Promise.resolve() };
}
