// npm run counters:verify
// Compares every counter of the dashboards with the tasks themselves; says what differs, and exits with 1 then.
import { Client } from 'pg';
import { openDatabase } from '../server/database/open.ts';
import { ConfigError, readConfig } from '../server/config.ts';
import { verifyCounters } from '../server/counters/verify.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { StartFailure } from '../server/database/start-failure.ts';

try {
  const database = await openDatabase(readConfig(process.env));
  try {
    await applyMigrations(database.url);
    await verify(database.url);
  } finally {
    await database.close();
  }
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartFailure;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
}

async function verify(url: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'taskwire verify' });
  await client.connect();
  try {
    const differences = await verifyCounters(client);
    for (const { what, counted, there } of differences) {
      console.error(`${what}: ${counted} counted, ${there} there`);
    }
    if (differences.length === 0) console.log('Every counter agrees with the tasks.');
    else {
      console.error('Count everything anew with npm run counters:rebuild, while the server goes on.');
      process.exitCode = 1;
    }
  } finally {
    await client.end();
  }
}
