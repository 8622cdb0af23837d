import type { TeamRole } from '../../gql/graphql.ts';

export const roleWords: Record<TeamRole, string> = {
  OWNER: 'Owner',
  ADMIN: 'Admin',
  MEMBER: 'Member',
  VIEWER: 'Viewer',
};

/** What each role allows. */
export const roleRights: Record<TeamRole, string> = {
  OWNER: 'Can do everything an admin can, and transfer or delete the team.',
  ADMIN: 'Can manage all tasks, members and invitations.',
  MEMBER: 'Can add tasks, and edit and delete tasks that they own or are assigned to.',
  VIEWER: 'Can view tasks.',
};

/** The role with its article: “an admin”. */
export function roleInSentence(role: TeamRole): string {
  const word = roleWords[role].toLowerCase();
  return role === 'OWNER' ? `the ${word}` : `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

export function membersInWords(count: number): string {
  return count === 1 ? '1 member' : `${count.toLocaleString('en')} members`;
}
