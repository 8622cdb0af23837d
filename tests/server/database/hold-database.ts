// A server reduced to its database, in a process of its own: node hold-database.ts <data dir>
// Says where the database is, and stops it on SIGINT, as the server does.
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
