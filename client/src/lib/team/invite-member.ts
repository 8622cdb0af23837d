import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { InviteMemberInput } from '../../gql/graphql.ts';

const InviteMember = graphql(`
  mutation InviteMember($input: InviteMemberInput!) {
    inviteMember(input: $input) {
      link
      invitation {
        id
        email
        role
        expiresAt
      }
    }
  }
`);

/** An invitation with its link, which the server returns only once. */
export interface MadeInvitation {
  id: string;
  email: string;
  role: InviteMemberInput['role'] & string;
  expiresAt: string;
  link: string;
}

/** Invites a person, or creates a new link for their pending invitation. */
export async function inviteMember(client: Client, input: InviteMemberInput) {
  const { data, error } = await client.mutation(InviteMember, { input }).toPromise();
  const made = data && { ...data.inviteMember.invitation, link: data.inviteMember.link };
  return { made, error };
}
