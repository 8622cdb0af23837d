// The database part of a server, as a separate process: node hold-database.ts <data dir>
// Prints the database's URL, and stops it on SIGINT, like the server.
import { startEmbedded } from '../../../server/database/embedded.ts';
import { StartFailure } from '../../../server/database/start-failure.ts';

const [dataDir = ''] = process.argv.slice(2);
try {
  const database = await startEmbedded(dataDir);
  process.once('SIGINT', () => {
    void database.stop().then(() => process.exit(0));
  });
  setInterval(() => undefined, 60_000);
  console.log(database.url);
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
