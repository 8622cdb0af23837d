import { beforeAll, describe, expect, test } from 'vitest';
import type { SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import { newId, uuidOf } from '../../server/ids.ts';
import {
  can,
  grantableRoles,
  seesTask,
  visible,
  type Action,
  type TaskSubject,
  type Viewer,
} from '../../server/policy.ts';
import { shareOf } from '../../server/sql/shares.ts';
import { viewerOf } from '../../server/sql/viewer.ts';
import { startWorld } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });

const HOUR = 3_600_000;
const ROLES: readonly TeamRole[] = ['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'];

type Share = SharePermission | 'EDIT for an hour' | 'EDIT until just now' | 'EDIT of another task';

/** The relation of a viewer to a task. */
interface Ties {
  role?: TeamRole;
  is?: 'owner' | 'assignee';
  share?: Share;
}

const ALL = 'see edit comment delete share assign move';

const ofPersonalTasks: [who: string, ties: Ties, may: string][] = [
  ['the owner', { is: 'owner' }, ALL],
  ['who is set to it', { is: 'assignee' }, ''],
  ['who has a VIEW share', { share: 'VIEW' }, 'see'],
  ['who has an EDIT share', { share: 'EDIT' }, 'see edit comment'],
  ['who has an EDIT share that ends later', { share: 'EDIT for an hour' }, 'see edit comment'],
  ['who had an EDIT share', { share: 'EDIT until just now' }, ''],
  ['who has another task of the owner', { share: 'EDIT of another task' }, ''],
  ['a stranger', {}, ''],
];

const ofTeamTasks: [who: string, ties: Ties, may: string][] = [
  ['the OWNER', { role: 'OWNER' }, ALL],
  ['an ADMIN', { role: 'ADMIN' }, ALL],
  ['a MEMBER', { role: 'MEMBER' }, 'see comment'],
  ['a MEMBER who owns it', { role: 'MEMBER', is: 'owner' }, ALL],
  ['a MEMBER who is set to it', { role: 'MEMBER', is: 'assignee' }, 'see edit comment delete assign'],
  ['a MEMBER with a VIEW share', { role: 'MEMBER', share: 'VIEW' }, 'see comment'],
  ['a MEMBER with an EDIT share', { role: 'MEMBER', share: 'EDIT' }, 'see edit comment'],
  ['a VIEWER', { role: 'VIEWER' }, 'see'],
  ['a VIEWER who owns it', { role: 'VIEWER', is: 'owner' }, ALL],
  ['a VIEWER who is set to it', { role: 'VIEWER', is: 'assignee' }, 'see'],
  ['a VIEWER with an EDIT share', { role: 'VIEWER', share: 'EDIT' }, 'see edit comment'],
  ['an owner who has left the team', { is: 'owner' }, ''],
  ['who was set to it and has left the team', { is: 'assignee' }, ''],
  ['an outsider with a VIEW share', { share: 'VIEW' }, 'see'],
  ['an outsider with an EDIT share', { share: 'EDIT' }, 'see edit comment'],
  ['an outsider with an ended EDIT share', { share: 'EDIT until just now' }, ''],
  ['an outsider with another task of the team', { share: 'EDIT of another task' }, ''],
  ['who leads another team', {}, ''],
];

let host: string;
const known: { who: string; may: string; viewer: Viewer; task: TaskSubject }[] = [];

/** A task, and a person with these relations to it and with an unrelated team. */
async function tie(who: string, { role, is, share }: Ties, inTeam: boolean) {
  const { id: userId } = await db.user.create({ data: { name: who, email: `${newId()}@example.com` } });
  const [teamId, ownTeam] = [newId(), newId()];
  const named = (id: string, name: string) => ({ id, name: `${name} ${id}`, slug: id });
  await db.team.createMany({ data: [named(teamId, 'Team'), named(ownTeam, 'Own')] });
  await db.membership.create({ data: { teamId: ownTeam, userId, role: 'OWNER' } });
  if (role) await db.membership.create({ data: { teamId, userId, role } });
  const home = { ownerId: host, teamId: inTeam ? teamId : null };
  const other = await db.task.create({ data: { ...home, title: 'Another' } });
  const task = await db.task.create({
    data: {
      ...home,
      title: 'Tea',
      ...(is === 'owner' ? { ownerId: userId } : {}),
      ...(is === 'assignee' ? { assigneeId: userId } : {}),
      comments: { create: { authorId: host, body: 'Green?' } },
    },
  });
  if (share) {
    const ends = { 'EDIT for an hour': HOUR, 'EDIT until just now': -1 }[share as string];
    await db.taskShare.create({
      data: {
        taskId: share === 'EDIT of another task' ? other.id : task.id,
        sharedWithId: userId,
        sharedById: host,
        permission: share === 'VIEW' ? 'VIEW' : 'EDIT',
        expiresAt: ends === undefined ? null : new Date(Date.now() + ends),
      },
    });
  }
  const held = { share: await shareOf(db, userId, task.id) };
  return { viewer: await viewerOf(db, { userId, limit: null }), task: { ...task, ...held } };
}

const TASK_ACTIONS = ['edit', 'comment', 'delete', 'share', 'assign', 'move'] as const;

async function rightsOn(task: TaskSubject, viewer: Viewer): Promise<string> {
  const found = await db.task.findFirst({ where: { id: task.id, AND: visible.task(viewer) } });
  expect(seesTask(viewer, task), 'a loaded task is visible as by the filter').toBe(found !== null);
  const comments = await db.comment.count({ where: { taskId: task.id, AND: visible.comment(viewer) } });
  expect(comments, 'comments are visible with their task').toBe(found ? 1 : 0);
  // The rule must deny everything also for a task that was loaded without the filter.
  const may = TASK_ACTIONS.filter((action) => can(viewer, `task.${action}`, task));
  return [...(found ? ['see'] : []), ...may].join(' ');
}

beforeAll(async () => {
  const { ada } = await people('Ada');
  host = uuidOf('User', ada.id);
  for (const [who, ties, may] of ofPersonalTasks) known.push({ who, may, ...(await tie(who, ties, false)) });
  for (const [who, ties, may] of ofTeamTasks) known.push({ who, may, ...(await tie(who, ties, true)) });
});

async function rightsOf(someone: string): Promise<string> {
  const found = known.find(({ who }) => who === someone);
  if (!found) throw new Error(`No person is “${someone}”.`);
  return rightsOn(found.task, found.viewer);
}

describe('[FR-009] [BR-05] [BR-08] of a personal task', () => {
  test.each(ofPersonalTasks)('%s (%j) can: %s', async (who, _ties, may) => {
    expect(await rightsOf(who)).toBe(may);
  });
});

describe('[BR-03] [BR-04] [BR-05] [BR-06] [BR-08] of a team’s task', () => {
  test.each(ofTeamTasks)('%s (%j) can: %s', async (who, _ties, may) => {
    expect(await rightsOf(who)).toBe(may);
  });
});

test('[BR-08] people see only their own tasks, and cannot change those of others', async () => {
  expect(new Set(known.map(({ who }) => who)).size).toBe(ofPersonalTasks.length + ofTeamTasks.length);
  const ids = known.map(({ task }) => task.id);
  for (const { viewer, task, may, who } of known) {
    const seen = await db.task.findMany({
      where: { id: { in: ids }, AND: visible.task(viewer) },
      select: { id: true },
    });
    expect(seen, who).toEqual(may === '' ? [] : [{ id: task.id }]);
    const others = known.filter((other) => other.task !== task);
    const rights = others.flatMap((other) =>
      TASK_ACTIONS.filter((action) => can(viewer, `task.${action}`, { ...other.task, share: null })),
    );
    expect(rights, who).toEqual([]);
  }
});

const TEAM = newId();
const ELSEWHERE = newId();
const EMAIL = 'eve@example.com';

/** A person with this role in the team, who owns another team. */
function viewerWith(role?: TeamRole, { isAdmin = false } = {}): Viewer {
  const teams = new Map<string, TeamRole>([[ELSEWHERE, 'OWNER']]);
  if (role) teams.set(TEAM, role);
  const userId = newId();
  return {
    person: { userId, limit: null },
    actorId: userId,
    ownId: userId,
    verifiedEmail: EMAIL,
    teams,
    isAdmin,
  };
}

/** One word for each role, and one for a person outside the team. */
function each(rule: (viewer: Viewer) => boolean): string {
  return [...ROLES, undefined].map((role) => (rule(viewerWith(role)) ? 'yes' : 'no')).join(' ');
}

describe('[BR-01] [BR-02] [BR-03] in a team', () => {
  //                      OWNER ADMIN MEMBER VIEWER outsider
  test.each([
    ['team.createTask', 'yes yes yes no no'],
    ['team.update', 'yes yes no no no'],
    ['team.invite', 'yes yes no no no'],
    ['team.transfer', 'yes no no no no'],
    ['team.delete', 'yes no no no no'],
    ['team.leave', 'no yes yes yes no'],
  ] as const)('%s: %s', (action, expected) => {
    expect(each((viewer) => can(viewer, action, { id: TEAM }))).toBe(expected);
  });

  //          OWNER ADMIN MEMBER VIEWER outsider
  test.each([
    ['OWNER', 'no no no no no'],
    ['ADMIN', 'yes no no no no'],
    ['MEMBER', 'yes yes no no no'],
    ['VIEWER', 'yes yes no no no'],
  ] as const)('the role %s is given, changed and taken away by: %s', (role, expected) => {
    const member = { teamId: TEAM, role };
    expect(each((viewer) => can(viewer, 'member.manage', member))).toBe(expected);
    expect(each((viewer) => grantableRoles(viewer, TEAM).includes(role))).toBe(expected);
    const invitation = { ...member, email: 'fay@example.com', isByLink: false };
    expect(each((viewer) => can(viewer, 'invitation.revoke', invitation))).toBe(expected);
    expect(each((viewer) => can(viewer, 'invitation.accept', invitation))).toBe('no no no no no');
  });

  test('[BR-16] an invitation can be answered by its verified address or by its link, never by an unverified address', () => {
    const to = (isByLink: boolean) => ({ teamId: TEAM, email: EMAIL, role: 'ADMIN', isByLink }) as const;
    const verified = viewerWith();
    const unverified = { ...verified, verifiedEmail: null };
    for (const action of ['invitation.accept', 'invitation.revoke'] as const) {
      expect(can(verified, action, to(false))).toBe(true);
      expect(can(unverified, action, to(false))).toBe(false);
      expect(can(unverified, action, to(true))).toBe(true);
    }
  });

  test('[BR-06] people outside a team see neither it nor its members', async () => {
    const { ada, bob } = await people('Ada', 'Bob');
    const [member, stranger] = [uuidOf('User', ada.id), uuidOf('User', bob.id)];
    const team = { id: newId(), name: 'Tea', slug: 'tea' };
    await db.team.create({ data: { ...team, memberships: { create: { userId: member, role: 'VIEWER' } } } });
    const seenBy = async (userId: string) => {
      const viewer = await viewerOf(db, { userId, limit: null });
      return [
        await db.team.count({ where: { id: team.id, AND: visible.team(viewer) } }),
        await db.membership.count({ where: { teamId: team.id, AND: visible.membership(viewer) } }),
      ];
    };
    expect(await seenBy(member)).toEqual([1, 1]);
    expect(await seenBy(stranger)).toEqual([0, 0]);
    await db.membership.deleteMany({ where: { teamId: team.id } });
    expect(await seenBy(member)).toEqual([0, 0]);
  });
});

describe('[BR-04] a comment', () => {
  const task = { id: newId(), ownerId: newId(), assigneeId: null, teamId: TEAM, share: null };
  const may = (viewer: Viewer, authorId: string, of: TaskSubject = task) => [
    can(viewer, 'comment.edit', { authorId }),
    can(viewer, 'comment.delete', { authorId, task: of }),
  ];

  test('can be edited by its author only, and also deleted by people with the right to delete its task', () => {
    expect(each((viewer) => may(viewer, viewer.actorId).every(Boolean))).toBe('yes yes yes yes yes');
    expect(each((viewer) => can(viewer, 'comment.edit', { authorId: newId() }))).toBe('no no no no no');
    expect(each((viewer) => can(viewer, 'comment.delete', { authorId: newId(), task }))).toBe(
      'yes yes no no no',
    );
  });

  test('can be deleted by the owner of the task, but not by its assignee or a receiver of a share', () => {
    const member = viewerWith('MEMBER');
    const { actorId: userId } = member;
    const personal = { ...task, teamId: null };
    expect(may(member, newId(), { ...task, ownerId: userId })).toEqual([false, true]);
    expect(may(member, newId(), { ...personal, ownerId: userId })).toEqual([false, true]);
    expect(may(member, newId(), { ...task, assigneeId: userId })).toEqual([false, false]);
    expect(may(member, newId(), { ...task, share: 'EDIT' })).toEqual([false, false]);
    const gone = viewerWith();
    expect(may(gone, newId(), { ...task, ownerId: gone.actorId })).toEqual([false, false]);
  });
});

test('[FR-026] the owner manages a conversation, and all participants send messages', () => {
  const viewer = viewerWith();
  const rights = (ownerId: string) =>
    (['conversation.manage', 'conversation.send'] as const).map((action) => can(viewer, action, { ownerId }));
  expect(rights(viewer.actorId)).toEqual([true, true]);
  expect(rights(newId())).toEqual([false, true]);
});

test('an administrator has no more rights than others', () => {
  const task = { id: newId(), ownerId: newId(), assigneeId: null, teamId: null, share: null };
  const admin = viewerWith(undefined, { isAdmin: true });
  const member = { teamId: TEAM, role: 'VIEWER', email: 'fay@example.com', isByLink: false } as const;
  const attempts: [Action, boolean][] = [
    ...TASK_ACTIONS.map((action): [Action, boolean] => [
      `task.${action}`,
      can(admin, `task.${action}`, task),
    ]),
    ['team.update', can(admin, 'team.update', { id: TEAM })],
    ['team.delete', can(admin, 'team.delete', { id: TEAM })],
    ['member.manage', can(admin, 'member.manage', member)],
    ['invitation.revoke', can(admin, 'invitation.revoke', member)],
    ['conversation.manage', can(admin, 'conversation.manage', { ownerId: newId() })],
  ];
  expect(attempts.filter(([, allowed]) => allowed)).toEqual([]);
});
