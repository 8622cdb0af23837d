import type { Logger } from '../logger.ts';

/**
 * Handles uncaught errors. An unhandled rejection belongs to one request: it is logged. After an uncaught exception
 * the state is unknown: running requests are finished, and the process exits with 1 so that a supervisor restarts it.
 * @param end shuts down; called again for each further exception.
 */
export function takeUncaught(log: Logger, end: () => void): void {
  process
    .on('unhandledRejection', (reason) => {
      log.error({ err: reason }, 'unhandled rejection');
    })
    .on('uncaughtException', (error) => {
      log.fatal({ err: error }, 'uncaught exception; shutting down');
      end();
    });
}
