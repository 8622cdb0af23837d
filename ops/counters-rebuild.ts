// npm run counters:rebuild
// Rebuilds the counters of the dashboards while the server is running.
import { rebuildCounters } from '../server/counters/rebuild.ts';
import { runOnCounters } from './counters-command.ts';

await runOnCounters(async (url) => {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  await rebuildCounters(url, ({ table, rows }) => {
    console.log(`Counted ${rows} rows of ${table} (${seconds()})`);
  });
  console.log(`Rebuilt the counters (${seconds()}).`);
});
