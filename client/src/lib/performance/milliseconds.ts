/** Formats a duration: `0.42 ms`, `12.3 ms`, `340 ms`, `1.9 s`, `12 min`, `5.3 h`. */
export function inWords(milliseconds: number): string {
  if (milliseconds === 0) return '0 ms';
  if (milliseconds < 0.995) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 99.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 119.95) return `${seconds.toFixed(1)} s`;
  const minutes = seconds / 60;
  return minutes < 119.5 ? `${minutes.toFixed(0)} min` : `${(minutes / 60).toFixed(1)} h`;
}
