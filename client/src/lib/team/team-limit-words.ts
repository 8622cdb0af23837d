import { listWords, msg, plural } from '../language/format.ts';

const MOST_NAMED = 3;

/** What a credential is limited to, for a list; null without a limit. */
export function limitWords(teams: readonly { name: string }[] | null | undefined): string | null {
  if (!teams) return null;
  if (teams.length === 0) return msg('limited to teams that you have left');
  const named = teams.slice(0, MOST_NAMED).map(({ name }) => name);
  const others = teams.length - named.length;
  const names = listWords(others > 0 ? [...named, plural(others, ['# other', '# others'])] : named);
  return msg(`limited to ${names}`);
}

/** The error of a limit without a team. */
export function withoutTeam(chosen: readonly string[] | null): string | undefined {
  return chosen?.length === 0 ? 'Choose at least one team.' : undefined;
}
