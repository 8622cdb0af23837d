import { z } from 'zod';
import type { TeamInvitation } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../events/earlier-removal.ts';
import { append, currentCursor } from '../events/log.ts';
import { tellInvited } from '../events/tell-invited.ts';
import { newId } from '../ids.ts';
import type { InvitationLimits } from '../limits/invitation-limits.ts';
import { can, visible, type Person } from '../policy.ts';
import { lockTeam } from '../sql/lock-team.ts';
import { viewerOf } from '../sql/viewer.ts';
import { grantedRole, requireGrantable, type MembershipChange } from './membership.ts';
import { checkQuota } from './quota.ts';
import { heldTeam } from './team-hold.ts';
import { emailAddress } from './email-address.ts';
import { idOf, parse } from './validation.ts';

/** What a verb hands back: which invitation to re-read, and the log's cursor after the change. */
export interface InvitationChange {
  id: string;
  cursor: string;
}

/** How long an invitation can be accepted. */
export const INVITED_FOR_DAYS = 7;

const invitation = z.object({
  teamId: idOf('Team'),
  email: emailAddress,
  role: grantedRole.nullish().transform((value) => value ?? 'MEMBER'),
});

const reference = z.object({ id: idOf('TeamInvitation') });

/**
 * Invites whoever signs in with an address, now or later. Inviting them again renews the invitation, with the new role.
 * @throws Conflict where they are a member, Forbidden where the person may not give that role, RateLimited.
 */
export async function inviteMember(
  db: Database,
  person: Person,
  input: unknown,
  limits: InvitationLimits,
): Promise<InvitationChange> {
  const { teamId, email, role } = parse(invitation, input);
  await checkQuota(db, person);
  await limits.beforeInvitation(person.userId, email);
  return inTransaction(db, async (tx) => {
    const viewer = await heldTeam(tx, person, 'team.invite', teamId);
    if (!viewer) throw new NotFound('team', teamId);
    requireGrantable(viewer, teamId, role);
    const member = await tx.membership.findFirst({
      where: { teamId, user: { email } },
      select: { id: true },
    });
    if (member) {
      throw new Conflict('They are in this team already; change their role instead.', { field: 'email' });
    }
    const earlier = await tx.teamInvitation.findUnique({ where: { teamId_email: { teamId, email } } });
    if (earlier && isOpen(earlier) && !can(viewer, 'invitation.revoke', earlier))
      throw ownersInvitation(earlier);

    const id = earlier?.id ?? newId();
    const expiresAt = new Date(Date.now() + INVITED_FOR_DAYS * 24 * 60 * 60 * 1000);
    const terms = { role, expiresAt, invitedById: person.userId };
    await tx.teamInvitation.upsert({
      where: { id },
      create: { id, teamId, email, ...terms },
      update: terms,
      select: { id: true },
    });
    await tellInvited(tx, 'team.memberInvited', { id });
    // Nobody learns from it whether the address has an account, so it names no person.
    const cursor = await append(tx, {
      kind: 'team.memberInvited',
      ...addressOf(person, { id, teamId }),
      data: { role },
    });
    return { id, cursor };
  });
}

/**
 * Makes the person a member, by an invitation to their address. Accepting it again, or twice at once, is harmless.
 * @throws Forbidden where it has run out, or is to another address.
 */
export async function acceptInvitation(
  db: Database,
  person: Person,
  input: unknown,
): Promise<MembershipChange> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const { userId } = person;
    const { viewer, invitation } = await heldInvitation(tx, person, id);
    if (!invitation) {
      const member = await tx.membership.findFirst({ where: { id, userId }, select: { id: true } });
      if (!member) throw new NotFound('invitation', id);
      return { id, cursor: await currentCursor(tx) };
    }
    if (!can(viewer, 'invitation.accept', invitation)) {
      throw new Forbidden('This invitation is to another address; only who signs in with it may accept.', id);
    }
    if (!isOpen(invitation)) {
      throw new Forbidden('This invitation has expired; ask the team’s owner for a new one.', id);
    }
    const { teamId, role } = invitation;
    if (viewer.teams.has(teamId)) throw new Conflict('You are in this team already.', { field: 'id' });
    await tx.teamInvitation.delete({ where: { id }, select: { id: true } });
    // The membership goes on under the invitation's id, which is how accepting again finds it.
    await tx.membership.create({ data: { id, teamId, userId, role }, select: { id: true } });
    const event = { kind: 'team.memberJoined', ...addressOf(person, invitation), personId: userId } as const;
    return { id, cursor: await append(tx, { ...event, data: { role } }) };
  });
}

/** Takes an invitation back, or declines one's own. Doing it again is harmless. */
export async function revokeInvitation(
  db: Database,
  person: Person,
  input: unknown,
): Promise<InvitationChange> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const { viewer, invitation } = await heldInvitation(tx, person, id);
    if (!invitation) {
      const cursor = await earlierRemoval(tx, 'team.invitationRevoked', person, id);
      if (cursor === null) throw new NotFound('invitation', id);
      return { id, cursor };
    }
    if (!can(viewer, 'invitation.revoke', invitation)) throw ownersInvitation(invitation);
    await tellInvited(tx, 'team.invitationRevoked', { id });
    await tx.teamInvitation.delete({ where: { id }, select: { id: true } });
    const event = { kind: 'team.invitationRevoked', ...addressOf(person, invitation), data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

/** Reads an invitation that the person may see, or that was to them, and holds its team until the transaction ends. */
async function heldInvitation(tx: Transaction, person: Person, id: string) {
  const before = await viewerOf(tx, person);
  const where = { id, OR: [{ email: before.email }, visible.invitation(before)] };
  const seen = await tx.teamInvitation.findFirst({ where, select: { teamId: true } });
  if (!seen || !(await lockTeam(tx, seen.teamId))) return { viewer: before, invitation: null };
  const viewer = await viewerOf(tx, person);
  const invitation = await tx.teamInvitation.findFirst({
    where: { id, OR: [{ email: viewer.email }, visible.invitation(viewer)] },
  });
  return { viewer, invitation };
}

function isOpen({ expiresAt }: TeamInvitation): boolean {
  return expiresAt > new Date();
}

function ownersInvitation({ id }: TeamInvitation): Forbidden {
  return new Forbidden('Only the team’s owner may change an invitation to be an admin.', id);
}

function addressOf({ userId }: Person, { id, teamId }: Pick<TeamInvitation, 'id' | 'teamId'>) {
  return { actorId: userId, subjectId: id, teamId };
}
