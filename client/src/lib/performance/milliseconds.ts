import { numberWords } from '../language/format.ts';

/** Formats a duration: `0.42 ms`, `12.3 ms`, `340 ms`, `1.9 s`, `12 min`, `5.3 h`. */
export function inWords(milliseconds: number): string {
  if (milliseconds === 0) return '0 ms';
  if (milliseconds < 0.995) return `${fixed(milliseconds, 2)} ms`;
  if (milliseconds < 99.95) return `${fixed(milliseconds, 1)} ms`;
  if (milliseconds < 999.5) return `${fixed(milliseconds, 0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 119.95) return `${fixed(seconds, 1)} s`;
  const minutes = seconds / 60;
  return minutes < 119.5 ? `${fixed(minutes, 0)} min` : `${fixed(minutes / 60, 1)} h`;
}

function fixed(number: number, digits: number): string {
  return numberWords(number, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}
