import { ConfigError, readConfig } from './config.ts';
import { StartFailure } from './database/start-failure.ts';
import { startServer } from './server.ts';

try {
  const starting = startServer(readConfig(process.env));
  const end = () => void starting.then((server) => server.stop()).then(() => process.exit(0));
  // npm hands on the Ctrl-C that the terminal has sent already, so it comes twice.
  process.on('SIGINT', end).on('SIGTERM', end);
  const server = await starting;
  console.log(`Taskwire is ready at ${server.url}`);
  void server.databaseDied.then(async (reason) => {
    console.error(reason);
    await server.stop();
    process.exit(1);
  });
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartFailure;
  console.error(expected ? error.message : error);
  process.exit(1);
}
