import type { EmbeddedDatabase } from './embedded.ts';

/** A database that somebody else starts and stops; queries fail while it is away, and work again once it is back. */
export function externalDatabase(url: string): EmbeddedDatabase {
  return { url, stop: () => Promise.resolve() };
}
