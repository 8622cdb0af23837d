import type { Logger } from '../logger.ts';

/**
 * What becomes of faults that nobody has caught. A promise that failed unseen was somebody's one request: it is logged,
 * and the process goes on. After an exception nobody knows what was left half done: what is under way is finished, and
 * the process ends with 1, for whoever minds it to start another one.
 * @param end finishes and ends; called again for each further one.
 */
export function takeUncaught(log: Logger, end: () => void): void {
  process
    .on('unhandledRejection', (reason) => {
      log.error({ err: reason }, 'a promise failed, and nobody had waited for it');
    })
    .on('uncaughtException', (error) => {
      log.fatal({ err: error }, 'nobody caught this; ending');
      end();
    });
}
