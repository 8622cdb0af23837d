// npm run counters:rebuild
// Counts everything anew that the dashboards show, while people go on reading and writing.
import { rebuildCounters } from '../server/counters/rebuild.ts';
import { runOnCounters } from './counters-command.ts';

await runOnCounters(async (url) => {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  await rebuildCounters(url, ({ done, of }) => {
    console.log(`Counted ${done} of ${of} parts (${seconds()})`);
  });
  console.log(`The dashboards show the new counters (${seconds()}).`);
});
