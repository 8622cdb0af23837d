import { ConfigError, readConfig } from '../server/config.ts';
import { classify } from '../server/database/failures.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openDatabase } from '../server/database/open.ts';
import { StartFailure } from '../server/database/start-failure.ts';

/** Runs `work` on the database of `npm start`. Prints expected errors and sets the exit code to 1. */
export async function runOnCounters(work: (url: string) => Promise<void>): Promise<void> {
  try {
    const database = await openDatabase(readConfig(process.env));
    try {
      await applyMigrations(database.url);
      await work(database.url);
    } finally {
      await database.close();
    }
  } catch (error) {
    console.error(inWords(error));
    process.exitCode = 1;
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof StartFailure) return error.message;
  if (classify(error).kind !== 'unavailable') return error;
  return `Lost the connection to the database (${(error as Error).message}). The counters are unchanged; try again.`;
}
