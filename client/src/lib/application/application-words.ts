import type { OauthResource } from '../../gql/graphql.ts';

type Scope = 'READ' | 'WRITE';

interface Access {
  /** What an application can do, each a sentence after “It can”. */
  can: string[];
  /** What it can’t do, as a sentence. */
  limit: string;
}

const reading = () => 'See everything that you can see: tasks, teams, people, comments and messages.';

/** @param isLimited whether only to the teams that the person chooses. */
export function accessWords(resource: OauthResource, scopes: readonly Scope[], isLimited: boolean): Access {
  if (isLimited) {
    const see = 'See what lies in the teams that you choose: tasks, comments and people.';
    const limit = 'It can’t see your personal tasks, shared tasks or conversations, or manage your account.';
    if (!scopes.includes('WRITE')) return { can: [see], limit };
    const change = 'Create and change tasks and comments there as you.';
    return { can: [see, change, 'Ask you to approve deletions, invitations and changes of members.'], limit };
  }
  if (!scopes.includes('WRITE')) return { can: [reading()], limit: 'It can’t change anything.' };
  if (resource === 'GRAPHQL')
    return {
      can: [
        reading(),
        'Create and change as you.',
        'Ask you to approve what it wants to delete, share, invite to or leave.',
      ],
      limit: 'It can’t manage your password, sessions, tokens or other applications.',
    };
  return {
    can: [
      reading(),
      'Create and change tasks, comments and messages as you.',
      'Ask you to approve what it wants to delete or share.',
    ],
    limit: 'It can’t manage your account.',
  };
}

/** The same in a few words, for a list. */
export function accessSummary(resource: OauthResource, scopes: readonly Scope[]): string {
  if (resource === 'GRAPHQL')
    return scopes.includes('WRITE') ? 'Read and write with the API' : 'Read only with the API';
  return scopes.includes('WRITE') ? 'Read and write with agent tools' : 'Read only with agent tools';
}
