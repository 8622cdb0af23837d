import type { TeamRole } from '../../gql/graphql.ts';

export const roleWords: Record<TeamRole, string> = {
  OWNER: 'Owner',
  ADMIN: 'Admin',
  MEMBER: 'Member',
  VIEWER: 'Viewer',
};

/** What somebody may do with a role. */
export const roleRights: Record<TeamRole, string> = {
  OWNER: 'May do all that an admin may, hand the team over, and delete it.',
  ADMIN:
    'Changes and deletes any task of the team, edits the team, invites people, and looks after members and viewers.',
  MEMBER: 'Adds tasks; changes and deletes their own, and those assigned to them.',
  VIEWER: 'Reads the team’s tasks.',
};

/** With the article that it needs: “an admin”. */
export function roleInSentence(role: TeamRole): string {
  const word = roleWords[role].toLowerCase();
  return role === 'OWNER' ? `the ${word}` : `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

export function membersInWords(count: number): string {
  return count === 1 ? '1 member' : `${count.toLocaleString('en')} members`;
}
