import type { TeamRole } from '../../gql/graphql.ts';
import { msg, plural } from '../language/format.ts';

export const roleWords: Record<TeamRole, string> = {
  get OWNER() {
    return 'Owner';
  },
  get ADMIN() {
    return 'Admin';
  },
  get MEMBER() {
    return 'Member';
  },
  get VIEWER() {
    return 'Viewer';
  },
};

/** What each role allows. */
export const roleRights: Record<TeamRole, string> = {
  get OWNER() {
    return 'Can do everything an admin can, and transfer or delete the team.';
  },
  get ADMIN() {
    return 'Can manage all tasks, members and invitations.';
  },
  get MEMBER() {
    return 'Can add tasks, and edit and delete tasks that they own or are assigned to.';
  },
  get VIEWER() {
    return 'Can view tasks.';
  },
};

/** The role with its article: “an admin”. */
export function roleInSentence(role: TeamRole): string {
  switch (role) {
    case 'OWNER':
      return msg('the owner');
    case 'ADMIN':
      return msg('an admin');
    case 'MEMBER':
      return msg('a member');
    case 'VIEWER':
      return msg('a viewer');
  }
}

export function membersInWords(count: number): string {
  return plural(count, ['# member', '# members']);
}
