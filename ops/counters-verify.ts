// npm run counters:verify
// Compares every counter of the dashboards with the tasks themselves; says what differs, and exits with 1 then.
import { verifyCounters } from '../server/counters/verify.ts';
import { openSession } from '../server/database/session.ts';
import { runOnCounters } from './counters-command.ts';

await runOnCounters(async (url) => {
  const client = await openSession(url, { application_name: 'taskwire verify' });
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
});
