import type { Change } from './change.ts';
import { z } from 'zod';
import type { Prisma, TeamInvitation } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append, currentCursor } from '../log/append.ts';
import { appendInvitationEvents } from '../log/invitation-event.ts';
import { newId } from '../ids.ts';
import type { InvitationLimits } from '../limits/invitation-limits.ts';
import { can, invitedTo, visible, type Person, type Viewer } from '../policy.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockTeam } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { grantedRole, requireGrantable } from './membership.ts';
import { checkQuota } from './quota.ts';
import { lockedTeam } from './team-lock.ts';
import { emailAddress } from './email-address.ts';
import { idOf, parse } from './validation.ts';

export interface NewInvitation extends Change {
  secret: string;
}

export interface InvitationPreview {
  teamName: string;
  invitedByName: string;
  role: TeamInvitation['role'];
  expiresAt: Date;
}

export const INVITED_FOR_DAYS = 7;

const invitation = z.object({
  teamId: idOf('Team'),
  email: emailAddress,
  role: grantedRole.nullish().transform((value) => value ?? 'MEMBER'),
});

const reference = z
  .object({ id: idOf('TeamInvitation').nullish(), secret: z.string().nullish() })
  .refine(({ id, secret }) => (id == null) !== (secret == null), {
    message: 'Specify either `id` or `secret`.',
    path: ['id'],
  });

type Reference = z.output<typeof reference>;

/** Renews an earlier invitation. @throws Conflict for a member; Forbidden for the role; RateLimited. */
export async function inviteMember(
  db: Database,
  person: Person,
  input: unknown,
  limits: InvitationLimits,
): Promise<NewInvitation> {
  const { teamId, email, role } = parse(invitation, input);
  await checkQuota(db, person);
  await limits.beforeInvitation(person.userId, email);
  return inTransaction(db, async (tx) => {
    const viewer = await lockedTeam(tx, person, 'team.invite', teamId);
    if (!viewer) throw new NotFound('team', teamId);
    requireGrantable(viewer, teamId, role);
    const member = await tx.membership.findFirst({
      where: { teamId, user: { email } },
      select: { id: true },
    });
    if (member) {
      throw new Conflict('This person is already a member of the team. Change their role instead.', {
        field: 'email',
      });
    }
    const earlier = await tx.teamInvitation.findUnique({ where: { teamId_email: { teamId, email } } });
    if (earlier && isOpen(earlier) && !can(viewer, 'invitation.revoke', { ...earlier, isByLink: false }))
      throw ownersInvitation(earlier);

    const id = earlier?.id ?? newId();
    const expiresAt = new Date(Date.now() + INVITED_FOR_DAYS * 24 * 60 * 60 * 1000);
    const secret = newSecret();
    const terms = { role, expiresAt, invitedById: person.userId, secretHash: hashOfSecret(secret) };
    await tx.teamInvitation.upsert({
      where: { id },
      create: { id, teamId, email, ...terms },
      update: terms,
      select: { id: true },
    });
    await appendInvitationEvents(tx, 'team.memberInvited', { id });
    // Names no person, which would reveal whether the address has an account.
    const cursor = await append(tx, {
      kind: 'team.memberInvited',
      ...eventFields(person, { id, teamId }),
      data: { role },
    });
    return { id, cursor, secret };
  });
}

/** @throws NotFound if no open invitation has this secret. */
export async function previewInvitation(db: Database, secret: string): Promise<InvitationPreview> {
  const found = await db.teamInvitation.findFirst({
    relationLoadStrategy: 'join',
    where: byLink(secret),
    select: {
      role: true,
      expiresAt: true,
      team: { select: { name: true } },
      invitedBy: { select: { name: true } },
    },
  });
  if (!found) throw new LinkEnded();
  const { role, expiresAt, team, invitedBy } = found;
  return { role, expiresAt, teamName: team.name, invitedByName: invitedBy.name };
}

/** A link works once; by id it is idempotent. @throws Forbidden if it has expired or is to another address. */
export async function acceptInvitation(db: Database, person: Person, input: unknown): Promise<Change> {
  const wanted = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const { userId } = person;
    const { viewer, invitation } = await heldInvitation(tx, person, wanted);
    if (!invitation) {
      const id = idIn(wanted);
      const member = await tx.membership.findFirst({ where: { id, userId }, select: { id: true } });
      if (!member) throw new NotFound('invitation', id);
      return { id, cursor: await currentCursor(tx) };
    }
    const { id, teamId, role } = invitation;
    if (!can(viewer, 'invitation.accept', invitation)) {
      throw new Forbidden('This invitation was sent to another address. Use its link to accept it.', id);
    }
    if (!isOpen(invitation)) {
      throw new Forbidden('This invitation has expired. Ask the team’s owner for a new one.', id);
    }
    const field = invitation.isByLink ? 'secret' : 'id';
    if (viewer.teams.has(teamId)) throw new Conflict('You are already a member of this team.', { field });
    await tx.teamInvitation.delete({ where: { id }, select: { id: true } });
    // The membership keeps the invitation's id, so that accepting twice finds it.
    await tx.membership.create({ data: { id, teamId, userId, role }, select: { id: true } });
    const event = {
      kind: 'team.memberJoined',
      ...eventFields(person, invitation),
      personId: userId,
    } as const;
    return { id, cursor: await append(tx, { ...event, data: { role } }) };
  });
}

/** Withdraws or declines an invitation. Idempotent by id. */
export async function revokeInvitation(db: Database, person: Person, input: unknown): Promise<Change> {
  const wanted = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const { viewer, invitation } = await heldInvitation(tx, person, wanted);
    if (!invitation) {
      const id = idIn(wanted);
      const cursor = await earlierRemoval(tx, 'team.invitationRevoked', person, id);
      if (cursor === null) throw new NotFound('invitation', id);
      return { id, cursor };
    }
    const { id } = invitation;
    if (!can(viewer, 'invitation.revoke', invitation)) throw ownersInvitation(invitation);
    await appendInvitationEvents(tx, 'team.invitationRevoked', { id });
    await tx.teamInvitation.delete({ where: { id }, select: { id: true } });
    const event = { kind: 'team.invitationRevoked', ...eventFields(person, invitation), data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}

async function heldInvitation(tx: Transaction, person: Person, wanted: Reference) {
  const before = await viewerOf(tx, person);
  const seen = await tx.teamInvitation.findFirst({
    where: referredTo(before, wanted),
    select: { teamId: true },
  });
  if (!seen || !(await lockTeam(tx, seen.teamId))) return { viewer: before, invitation: null };
  const viewer = await viewerOf(tx, person);
  const found = await tx.teamInvitation.findFirst({ where: referredTo(viewer, wanted) });
  return { viewer, invitation: found && { ...found, isByLink: wanted.secret != null } };
}

function referredTo(viewer: Viewer, { id, secret }: Reference): Prisma.TeamInvitationWhereInput {
  if (secret != null) {
    return viewer.person.limit ? { AND: [byLink(secret), visible.invitation(viewer)] } : byLink(secret);
  }
  return { id: id ?? '', OR: [invitedTo(viewer), visible.invitation(viewer)] };
}

function byLink(secret: string): Prisma.TeamInvitationWhereInput {
  return { secretHash: hashOfSecret(secret), expiresAt: { gt: new Date() } };
}

/** @throws LinkEnded if a secret was given: the invitation of a used link no longer exists. */
function idIn({ id }: Reference): string {
  if (id == null) throw new LinkEnded();
  return id;
}

class LinkEnded extends NotFound {
  constructor() {
    super('invitation', undefined, { field: 'secret' });
    this.message =
      'This link is no longer valid: it was used or replaced, or it has expired. Ask the sender for a new one.';
  }
}

function isOpen({ expiresAt }: TeamInvitation): boolean {
  return expiresAt > new Date();
}

function ownersInvitation({ id }: TeamInvitation): Forbidden {
  return new Forbidden('Only the team’s owner can change an invitation with the role ADMIN.', id);
}

function eventFields({ userId }: Person, { id, teamId }: Pick<TeamInvitation, 'id' | 'teamId'>) {
  return { actorId: userId, subjectId: id, teamId };
}
