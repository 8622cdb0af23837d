// npm run counters:verify
// Compares every counter with the tasks. Prints the differences and exits with 1 if there are any.
import { verifyCounters } from '../server/counters/verify.ts';
import { openSession } from '../server/database/session.ts';
import { runOnCounters } from './counters-command.ts';

await runOnCounters(async (url) => {
  await using client = await openSession(url, { application_name: 'taskwire verify' });
  const differences = await verifyCounters(client);
  for (const { what, counted, there } of differences) {
    console.error(`${what}: ${counted} instead of ${there}`);
  }
  if (differences.length === 0) console.log('All counters match the tasks.');
  else {
    console.error('Run npm run counters:rebuild to fix them; the server can keep running.');
    process.exitCode = 1;
  }
});
