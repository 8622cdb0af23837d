const DAY_MS = 86_400_000;

const two = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
const three = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'));

let day = NaN;
let dayText = '';

/** `toISOString`, but ten times faster. @throws RangeError for an invalid time. */
export function momentText(time: number): string {
  const days = Math.floor(time / DAY_MS);
  if (days !== day) {
    dayText = new Date(time).toISOString().slice(0, -'00:00:00.000Z'.length);
    day = days;
  }
  const ms = time - days * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  return `${dayText}${two[Math.floor(minutes / 60)]}:${two[minutes % 60]}:${two[seconds % 60]}.${three[ms % 1_000]}Z`;
}
