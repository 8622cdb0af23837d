const noon = 12;
const evening = 18;
const night = 5;

/** The greeting for the time of day, in a time zone that the browser knows. */
export function salutation(at: Date, timezone: string): string {
  const hour = Number(
    at.toLocaleTimeString('en-GB', { timeZone: timezone, hour: '2-digit', hourCycle: 'h23' }).slice(0, 2),
  );
  if (hour < night || hour >= evening) return 'Good evening';
  return hour < noon ? 'Good morning' : 'Good afternoon';
}
