import { Refusal, type Person } from './world.ts';

export type Role = 'ADMIN' | 'MEMBER' | 'VIEWER';

export interface Team {
  id: string;
  name: string;
  /** Membership ids by user id. */
  memberships: Map<string, string>;
}

let teams = 0;

/** A team of this person, with these members, who accepted invitations. */
export async function teamOf(
  owner: Person,
  members: readonly (readonly [Person, Role])[] = [],
): Promise<Team> {
  teams += 1;
  const name = `Team ${teams} of ${owner.name}`;
  const { createTeam } = await owner.query<{ createTeam: { team: { id: string; members: Members } } }>(
    `mutation ($name: String!) {
       createTeam(input: { name: $name }) { team { id members { nodes { id user { id } } } } }
     }`,
    { name },
  );
  const { id } = createTeam.team;
  const memberships = new Map(createTeam.team.members.nodes.map((member) => [member.user.id, member.id]));
  for (const [person, role] of members) {
    memberships.set(person.id, await accept(person, await invite(owner, id, person.email, role)));
  }
  return { id, name, memberships };
}

interface Members {
  nodes: { id: string; user: { id: string } }[];
}

export interface Invitation {
  id: string;
  link: string;
  /** The secret of the link. */
  secret: string;
}

export async function invite(
  leader: Person,
  teamId: string,
  email: string,
  role?: string,
): Promise<Invitation> {
  const { inviteMember } = await leader.query<{
    inviteMember: { invitation: { id: string }; link: string };
  }>('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { invitation { id } link } }', {
    input: { teamId, email, role },
  });
  const { invitation, link } = inviteMember;
  return { id: invitation.id, link, secret: new URL(link).hash.slice(1) };
}

/** Accepts an invitation by its link. @returns the membership's id. */
export function accept(person: Person, { secret }: Pick<Invitation, 'secret'>): Promise<string> {
  return join(person, { secret });
}

/** Accepts an invitation to the person's verified address. @returns the membership's id. */
export function acceptById(person: Person, id: string): Promise<string> {
  return join(person, { id });
}

async function join(person: Person, input: { id: string } | { secret: string }): Promise<string> {
  const { acceptInvitation } = await person.query<{ acceptInvitation: { membership: { id: string } } }>(
    'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { membership { id } } }',
    { input },
  );
  return acceptInvitation.membership.id;
}

/** The error code of an attempt; "ok" if it succeeded. */
export async function outcome(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
    return 'ok';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
