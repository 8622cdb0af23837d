import type { Logger } from '../logger.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

const LONGEST = 200;
/** Any client can cause log lines. */
const MOST_A_SECOND = 5;

/** Text after a colon can be user input and is removed. Drops more than a few lines per second. */
export function libraryLog(log: Logger): (level: Level, message: string) => void {
  let second = 0;
  let lines = 0;
  return (level, message) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      lines = 0;
    }
    lines += 1;
    if (lines > MOST_A_SECOND) return;
    log[level]({ part: 'auth' }, ownWords(message));
  };
}

function ownWords(message: string): string {
  const [head = ''] = message.split(/[:"'`]/, 1);
  return head
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, LONGEST)
    .trim();
}
