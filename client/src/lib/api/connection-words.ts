import type { ConnectionState } from './live-connection.ts';

/** The text of the connection indicator: `word` is shown, `sentence` is read by screen readers, without a countdown. */
export interface ConnectionWords {
  word: string;
  sentence: string;
  /** Whether the page can be out of date. */
  isTrouble: boolean;
}

/** @returns undefined while there is nothing to show: no connection is needed, or the first attempt is running. */
export function connectionWords(
  state: ConnectionState,
  { online, now }: { online: boolean; now: number },
): ConnectionWords | undefined {
  switch (state.name) {
    case 'live':
      return { word: 'Live', sentence: 'Live: updates automatically.', isTrouble: false };
    case 'polling':
      return { word: 'Polling', sentence: 'Polling: updates every 5 seconds.', isTrouble: false };
    case 'waiting': {
      if (!online) return { word: 'Offline', sentence: 'Offline: no network connection.', isTrouble: true };
      const seconds = Math.max(0, Math.ceil((state.nextTryAt - now) / 1000));
      return { word: `Reconnecting in ${seconds} s`, sentence: 'Reconnecting.', isTrouble: true };
    }
    case 'idle':
    case 'connecting':
      return undefined;
  }
}
