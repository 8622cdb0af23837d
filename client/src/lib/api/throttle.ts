/** Something that is done when asked for, and again later for all who asked too soon after. */
export interface Throttled {
  /** @param wait milliseconds until it is done, where it was not done just before. */
  (wait?: number): void;
  /** Forgets who still waits. */
  cancel(): void;
}

/** Lets `act` run no more often than every `interval` milliseconds; who asks in between is served by the next run. */
export function throttle(interval: number, act: () => void): Throttled {
  let resting: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  const rest = (wait: number) => {
    resting = setTimeout(() => {
      resting = undefined;
      if (isWanted) run();
    }, wait);
  };
  const run = () => {
    isWanted = false;
    rest(interval);
    act();
  };
  const spaced = (wait = 0) => {
    isWanted = true;
    if (resting !== undefined) return;
    if (wait > 0) rest(wait);
    else run();
  };
  const cancel = () => {
    clearTimeout(resting);
    resting = undefined;
    isWanted = false;
  };
  return Object.assign(spaced, { cancel });
}
