/** A function that runs at most once per interval. */
export interface Throttled {
  /** @param wait milliseconds to wait first, if the interval has passed already. */
  (wait?: number): void;
  /** Drops the pending run. */
  cancel(): void;
}

/** Runs `act` at most once per `interval` milliseconds; calls in between are served by the next run. */
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
