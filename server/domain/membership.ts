import type { Change } from './change.ts';
import { z } from 'zod';
import type { Membership, TeamRole } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append, currentCursor } from '../log/append.ts';
import { encodeCursor } from '../log/cursor.ts';
import { can, grantableRoles, visible, type Person, type Viewer } from '../policy.ts';
import { clearAssigneeInTeam } from '../sql/tasks-along.ts';
import { withdrawFromTrash } from '../sql/trash.ts';
import { viewerOf } from '../sql/viewer.ts';
import { lockedAgain, lockedTeam, TRANSFER_FIRST } from './team-lock.ts';
import { idOf, parse } from './validation.ts';
import { disableWebhooksOf } from './webhook.ts';

/** OWNER is only ever transferred. */
export const grantedRole = z.enum(
  ['ADMIN', 'MEMBER', 'VIEWER'],
  'The role OWNER cannot be assigned. Use `transferOwnership` instead.',
);

/** @throws Forbidden if the person may not manage the member or grant the role. */
export async function changeRole(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, role } = parse(z.object({ id: idOf('Membership'), role: grantedRole }), input);
  return inTransaction(db, async (tx) => {
    const held = await heldMember(tx, person, id);
    if (!held) throw new NotFound('member', id);
    const { viewer, member } = held;
    if (!can(viewer, 'member.manage', member)) throw refusal(viewer, member);
    requireGrantable(viewer, member.teamId, role);
    if (member.role === role) return { id, cursor: await currentCursor(tx) };
    await tx.membership.update({ where: { id }, data: { role }, select: { id: true } });
    if (member.role === 'ADMIN') await disableWebhooksOf(tx, person, member.teamId, member.userId);
    const data = { before: member.role, after: role };
    return {
      id,
      cursor: await append(tx, { kind: 'team.roleChanged', ...eventFields(person, member), data }),
    };
  });
}

/** Idempotent. @throws Forbidden for the owner, the person themselves, and members they may not manage. */
export async function removeMember(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('Membership') }), input);
  return inTransaction(db, async (tx) => {
    const held = await heldMember(tx, person, id);
    if (!held) {
      const cursor = await earlierRemoval(tx, 'team.memberRemoved', person, id);
      if (cursor === null) throw new NotFound('member', id);
      return { id, cursor };
    }
    const { viewer, member } = held;
    if (!can(viewer, 'member.manage', member)) throw refusal(viewer, member);
    return { id, cursor: await takeOut(tx, person, member, 'team.memberRemoved') };
  });
}

/** Idempotent. @throws Forbidden for the owner, who has to transfer the team first. */
export async function leaveTeam(db: Database, person: Person, input: unknown): Promise<Change> {
  const { teamId } = parse(z.object({ teamId: idOf('Team') }), input);
  return inTransaction(db, async (tx) => {
    const viewer = await lockedTeam(tx, person, 'team.leave', teamId);
    const member = viewer && (await memberOf(tx, teamId, person.userId));
    if (member) {
      const cursor = await takeOut(tx, person, member, 'team.memberLeft');
      return { id: member.id, cursor };
    }
    const earlier = await tx.event.findFirst({
      where: { kind: 'team.memberLeft', actorId: person.userId, teamId },
      orderBy: { sequence: 'desc' },
    });
    if (!earlier?.subjectId) throw new NotFound('team', teamId);
    return { id: earlier.subjectId, cursor: await encodeCursor(tx, earlier) };
  });
}

/** The previous owner becomes an admin. @throws Forbidden if the person is not the owner. */
export async function transferOwnership(
  db: Database,
  person: Person,
  input: unknown,
): Promise<{ teamId: string; cursor: string }> {
  const { teamId, userId } = parse(z.object({ teamId: idOf('Team'), userId: idOf('User') }), input);
  return inTransaction(db, async (tx) => {
    const viewer = await lockedTeam(tx, person, 'team.transfer', teamId);
    if (!viewer) throw new NotFound('team', teamId);
    if (userId === person.userId) {
      throw new ValidationFailed('You already own this team. Choose another member.', { field: 'userId' });
    }
    const heir = await memberOf(tx, teamId, userId);
    if (!heir) throw new NotFound('member', userId);
    // The order matters: a unique index allows one owner at any moment.
    await tx.membership.updateMany({ where: { teamId, role: 'OWNER' }, data: { role: 'ADMIN' } });
    await tx.membership.update({ where: { id: heir.id }, data: { role: 'OWNER' }, select: { id: true } });
    const cursor = await append(tx, {
      kind: 'team.ownershipTransferred',
      actorId: person.userId,
      subjectId: teamId,
      teamId,
      personId: userId,
      data: { before: person.userId, after: userId },
    });
    return { teamId, cursor };
  });
}

/** @throws Forbidden if the viewer may not grant the role. */
export function requireGrantable(viewer: Viewer, teamId: string, role: TeamRole): void {
  if (grantableRoles(viewer, teamId).includes(role)) return;
  throw new Forbidden(`Only the team’s owner can assign the role ${role}.`, teamId);
}

async function heldMember(tx: Transaction, person: Person, id: string) {
  const viewer = await viewerOf(tx, person);
  const seen = await tx.membership.findFirst({
    where: { id, AND: visible.membership(viewer) },
    select: { teamId: true },
  });
  const now = seen && (await lockedAgain(tx, viewer, seen.teamId));
  const member = now && (await tx.membership.findUnique({ where: { id } }));
  return member && { viewer: now, member };
}

function memberOf(tx: Transaction, teamId: string, userId: string): Promise<Membership | null> {
  return tx.membership.findUnique({ where: { teamId_userId: { teamId, userId } } });
}

/** Also deletes the member's shares and assignments in the team, which would outlast the membership. */
async function takeOut(
  tx: Transaction,
  person: Person,
  member: Membership,
  kind: 'team.memberLeft' | 'team.memberRemoved',
): Promise<string> {
  const { id, teamId, userId, role } = member;
  await tx.membership.delete({ where: { id }, select: { id: true } });
  await tx.taskShare.deleteMany({ where: { sharedWithId: userId, task: { teamId } } });
  await tx.shareOffer.deleteMany({ where: { userId, task: { teamId } } });
  await clearAssigneeInTeam(tx, person, { userId, teamId });
  await withdrawFromTrash(tx, { userId, teamId });
  await disableWebhooksOf(tx, person, teamId, userId);
  return append(tx, { kind, ...eventFields(person, member), data: { role } });
}

function refusal(viewer: Viewer, member: Membership): Forbidden {
  const sentence =
    member.role === 'OWNER'
      ? TRANSFER_FIRST
      : member.userId === viewer.actorId
        ? 'You cannot change your own role. To leave the team, use `leaveTeam`.'
        : member.role === 'ADMIN'
          ? 'Only the team’s owner can manage its admins.'
          : 'Only the team’s owner and admins can manage its members.';
  return new Forbidden(sentence, member.id);
}

function eventFields({ userId }: Person, member: Membership) {
  return { actorId: userId, subjectId: member.id, teamId: member.teamId, personId: member.userId };
}
