import { plural } from '../language/format.ts';

const hour = 3_600_000;

/** How long a deleted task stays in the trash. */
export function timeLeft(expiresAt: string, now = Date.now()): string {
  const hours = Math.max(0, (Date.parse(expiresAt) - now) / hour);
  return hours < 24
    ? plural(Math.max(1, Math.ceil(hours)), ['# hour left', '# hours left'])
    : plural(Math.round(hours / 24), ['# day left', '# days left']);
}
