// npm run counters:rebuild
// Counts everything anew that the dashboards show, while people go on reading and writing.
import { openDatabase } from '../server/database/open.ts';
import { ConfigError, readConfig } from '../server/config.ts';
import { rebuildCounters } from '../server/counters/rebuild.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { StartFailure } from '../server/database/start-failure.ts';

try {
  const database = await openDatabase(readConfig(process.env));
  try {
    await applyMigrations(database.url);
    const began = performance.now();
    await rebuildCounters(database.url, ({ done, of }) => {
      console.log(`Counted ${done} of ${of} parts (${seconds(began)})`);
    });
    console.log(`The dashboards show the new counters (${seconds(began)}).`);
  } finally {
    await database.close();
  }
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartFailure;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
