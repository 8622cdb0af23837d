import type { LineState } from './live-connection.ts';

/** What the indicator says, for those who see it and, unbroken by a countdown, for those who hear it. */
export interface ConnectionWords {
  word: string;
  sentence: string;
  /** What is shown may be out of date. */
  isTrouble: boolean;
}

/** @returns undefined while there is nothing to say: nobody follows anything, or the first try is under way. */
export function connectionWords(
  state: LineState,
  { online, now }: { online: boolean; now: number },
): ConnectionWords | undefined {
  switch (state.name) {
    case 'live':
      return { word: 'Live', sentence: 'Live: changes appear by themselves.', isTrouble: false };
    case 'polling':
      return { word: 'Polling', sentence: 'Polling: changes appear within 5 seconds.', isTrouble: false };
    case 'waiting': {
      if (!online)
        return { word: 'Offline', sentence: 'Offline: this device has no network.', isTrouble: true };
      const seconds = Math.max(0, Math.ceil((state.nextTryAt - now) / 1000));
      return { word: `Reconnecting in ${seconds} s`, sentence: 'Reconnecting.', isTrouble: true };
    }
    case 'resting':
    case 'opening':
      return undefined;
  }
}
