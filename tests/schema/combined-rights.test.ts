import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { outcome } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

/** The number of sequences in a run; `RIGHTS_RUNS=2000` searches longer, with another seed each time. */
const RUNS = Number(process.env['RIGHTS_RUNS'] ?? 25);
const SEED = process.env['RIGHTS_RUNS'] === undefined ? { seed: 18 } : {};

const { db, people: signUp } = await startWorld({ LOG_LEVEL: 'silent' });

const ACQUAINTED = ['lead', 'admin', 'member', 'mate', 'viewer', 'outsider'] as const;
const NAMES = [...ACQUAINTED, 'stranger'] as const;
type Name = (typeof NAMES)[number];
type Ending = 'ok' | 'FORBIDDEN' | 'NOT_FOUND' | 'VALIDATION_FAILED' | 'CONFLICT';

/**
 * BR-04, BR-05 and BR-06 as a table: the rights of each relation to a task. Rights add up. In a team, owning the task
 * counts for members only, and being assigned it for MEMBERs only.
 */
const ALLOWED = {
  'owns it': 'see edit comment delete share assign move',
  'leads its team': 'see edit comment delete share assign move',
  'is assigned it as a MEMBER': 'see edit comment delete assign',
  'is a MEMBER': 'see comment',
  'is a VIEWER': 'see',
  'has an EDIT share': 'see edit comment',
  'has a VIEW share': 'see',
} as const;
type Tie = keyof typeof ALLOWED;
const RIGHTS = ['edit', 'comment', 'delete', 'share', 'assign', 'move'] as const;
type Right = (typeof RIGHTS)[number] | 'see';

/** BR-01, BR-02 and BR-03 as a table: the roles that each role can remove, change and grant. */
const MANAGED: Record<TeamRole, readonly TeamRole[]> = {
  OWNER: ['ADMIN', 'MEMBER', 'VIEWER'],
  ADMIN: ['MEMBER', 'VIEWER'],
  MEMBER: [],
  VIEWER: [],
};

interface Model {
  roles: Map<Name, TeamRole>;
  shares: Map<Name, SharePermission>;
  /** What the stranger is offered, and by which person. */
  offer: { by: Name; permission: SharePermission } | null;
  task: { owner: Name; assignee: Name | null; inTeam: boolean } | null;
}

interface Real {
  task: string;
  team: string;
  memberships: Map<Name, string>;
}

interface Details {
  actor: Name;
  person: Name;
  permission: SharePermission;
  role: 'ADMIN' | 'MEMBER' | 'VIEWER';
}

function tiesOf({ roles, shares, task }: Model, name: Name): Tie[] {
  if (!task) return [];
  const role = task.inTeam ? roles.get(name) : undefined;
  const share = shares.get(name);
  const ties: [Tie, boolean][] = [
    ['owns it', task.owner === name && (!task.inTeam || role !== undefined)],
    ['leads its team', role === 'OWNER' || role === 'ADMIN'],
    ['is assigned it as a MEMBER', role === 'MEMBER' && task.assignee === name],
    ['is a MEMBER', role === 'MEMBER'],
    ['is a VIEWER', role === 'VIEWER'],
    ['has an EDIT share', share === 'EDIT'],
    ['has a VIEW share', share === 'VIEW'],
  ];
  return ties.filter(([, holds]) => holds).map(([tie]) => tie);
}

function rightsOf(model: Model, name: Name): Set<Right> {
  return new Set(tiesOf(model, name).flatMap((tie) => ALLOWED[tie].split(' ') as Right[]));
}

/** BR-08: invisible objects are NOT_FOUND, and visible ones without the right are FORBIDDEN. */
function asking(model: Model, { actor }: Details, right: Right): Ending {
  const rights = rightsOf(model, actor);
  return rights.has(right) ? 'ok' : rights.has('see') ? 'FORBIDDEN' : 'NOT_FOUND';
}

function mayBeAssigned({ roles, shares, task }: Model, name: Name | null): boolean {
  if (name === null || !task) return true;
  return task.inTeam ? roles.has(name) : task.owner === name || shares.has(name);
}

/** BR-06: all rights on the team's tasks end with the membership. */
function takeOut(model: Model, name: Name): void {
  model.roles.delete(name);
  if (!model.task?.inTeam) return;
  model.shares.delete(name);
  if (model.task.assignee === name) model.task.assignee = null;
}

interface Verb {
  field: string;
  input: (real: Real, details: Details) => object | Promise<object>;
  /** Whether the step is possible. Default: always. */
  applies?: (model: Model, details: Details) => boolean;
  /** The result by the rules. */
  ending: (model: Model, details: Details) => Ending;
  /** What it changes if it succeeds. */
  change: (model: Model, details: Details) => void;
}

function requireTask({ task }: Model) {
  if (!task) throw new Error('The task is gone.');
  return task;
}

const onShare = (model: Model, { actor, person }: Details): Ending => {
  const task = requireTask(model);
  const seen = actor === person || (task.inTeam ? model.roles.has(actor) : task.owner === actor);
  return !seen ? 'NOT_FOUND' : rightsOf(model, actor).has('share') ? 'ok' : 'FORBIDDEN';
};

const onMember = (model: Model, { actor, person }: Details): Ending => {
  const [mine, role] = [model.roles.get(actor), model.roles.get(person)];
  return !mine ? 'NOT_FOUND' : role && MANAGED[mine].includes(role) ? 'ok' : 'FORBIDDEN';
};

const isMember = ({ roles }: Model, { person }: Details) => roles.has(person);
const isShared = ({ shares, task }: Model, { person }: Details) => task !== null && shares.has(person);
const hasTask = ({ task }: Model) => task !== null;

const verbs: Record<string, Verb> = {
  edit: {
    field: 'updateTask',
    input: ({ task }) => ({ id: task, title: `Tea ${newId()}` }),
    applies: hasTask,
    ending: (model, details) => asking(model, details, 'edit'),
    change: () => undefined,
  },
  comment: {
    field: 'addComment',
    input: ({ task }) => ({ taskId: task, body: 'Green?' }),
    applies: hasTask,
    ending: (model, details) => asking(model, details, 'comment'),
    change: () => undefined,
  },
  delete: {
    field: 'deleteTask',
    input: ({ task }) => ({ id: task }),
    applies: hasTask,
    ending: (model, details) => asking(model, details, 'delete'),
    change: (model) => {
      model.task = null;
      model.shares.clear();
      model.offer = null;
    },
  },
  assign: {
    field: 'updateTask',
    input: ({ task }, { person }) => ({ id: task, assigneeId: cast[person].id }),
    applies: hasTask,
    ending: (model, details) => {
      const ending = asking(model, details, 'edit');
      if (ending !== 'ok' || requireTask(model).assignee === details.person) return ending;
      if (!rightsOf(model, details.actor).has('assign')) return 'FORBIDDEN';
      return mayBeAssigned(model, details.person) ? 'ok' : 'VALIDATION_FAILED';
    },
    change: (model, { person }) => {
      requireTask(model).assignee = person;
    },
  },
  'take off': {
    field: 'updateTask',
    input: ({ task }) => ({ id: task, assigneeId: null }),
    applies: hasTask,
    ending: (model, details) => {
      const ending = asking(model, details, 'edit');
      const { assignee } = requireTask(model);
      if (ending !== 'ok' || assignee === null || assignee === details.actor) return ending;
      return rightsOf(model, details.actor).has('assign') ? 'ok' : 'FORBIDDEN';
    },
    change: (model) => {
      requireTask(model).assignee = null;
    },
  },
  share: {
    field: 'shareTask',
    input: ({ task }, { person, permission }) => ({
      taskId: task,
      permission,
      ...(person === 'stranger' ? { email: cast[person].email } : { userId: cast[person].id }),
    }),
    applies: hasTask,
    ending: (model, details) => {
      const ending = asking(model, details, 'share');
      const { person, actor, permission } = details;
      if (ending !== 'ok') return ending;
      if (person === actor || person === requireTask(model).owner) return 'VALIDATION_FAILED';
      return (model.shares.get(person) ?? permission) === permission ? 'ok' : 'CONFLICT';
    },
    change: (model, { actor, person, permission }) => {
      if (person !== 'stranger') model.shares.set(person, permission);
      else if (!model.shares.has(person)) model.offer = { by: actor, permission };
    },
  },
  'accept the offer': {
    field: 'acceptShare',
    input: async (real) => ({ id: await offerOf(real) }),
    applies: ({ offer }) => offer !== null,
    // BR-15: only by its receiver, and only while its sender may share the task.
    ending: (model, { actor }) => {
      const maySend = model.offer !== null && rightsOf(model, model.offer.by).has('share');
      return actor === 'stranger' && maySend ? 'ok' : 'NOT_FOUND';
    },
    change: (model) => {
      if (model.offer) model.shares.set('stranger', model.offer.permission);
      model.offer = null;
    },
  },
  'revoke the offer': {
    field: 'revokeShareOffer',
    input: async (real) => ({ id: await offerOf(real) }),
    applies: ({ offer }) => offer !== null,
    ending: (model, { actor }) =>
      rightsOf(model, actor).has('share') ? 'ok' : actor === 'stranger' ? 'FORBIDDEN' : 'NOT_FOUND',
    change: (model) => {
      model.offer = null;
    },
  },
  'change the share': {
    field: 'updateShare',
    input: async (real, { person, permission }) => ({ id: await shareOf(real, person), permission }),
    applies: isShared,
    ending: onShare,
    change: (model, { person, permission }) => model.shares.set(person, permission),
  },
  'revoke the share': {
    field: 'revokeShare',
    input: async (real, { person }) => ({ id: await shareOf(real, person) }),
    applies: isShared,
    ending: (model, details) => (details.actor === details.person ? 'ok' : onShare(model, details)),
    change: (model, { person }) => {
      model.shares.delete(person);
      const task = requireTask(model);
      if (!task.inTeam && task.assignee === person) task.assignee = null;
    },
  },
  'put into the team': {
    field: 'updateTask',
    input: ({ task, team }) => ({ id: task, teamId: team }),
    applies: hasTask,
    ending: (model, details) => {
      const ending = asking(model, details, 'edit');
      const task = requireTask(model);
      if (ending !== 'ok' || task.inTeam) return ending;
      if (!rightsOf(model, details.actor).has('move')) return 'FORBIDDEN';
      const role = model.roles.get(details.actor);
      if (role === undefined) return 'NOT_FOUND';
      if (role === 'VIEWER') return 'FORBIDDEN';
      const moved = { ...model, task: { ...task, inTeam: true } };
      return mayBeAssigned(moved, task.assignee) ? 'ok' : 'VALIDATION_FAILED';
    },
    change: (model) => {
      requireTask(model).inTeam = true;
    },
  },
  'take out of the team': {
    field: 'updateTask',
    input: ({ task }) => ({ id: task, teamId: null }),
    applies: hasTask,
    ending: (model, details) => {
      const ending = asking(model, details, 'edit');
      const task = requireTask(model);
      if (ending !== 'ok' || !task.inTeam) return ending;
      if (task.owner !== details.actor || !model.roles.has(task.owner)) return 'FORBIDDEN';
      const moved = { ...model, task: { ...task, inTeam: false } };
      return mayBeAssigned(moved, task.assignee) ? 'ok' : 'VALIDATION_FAILED';
    },
    change: (model) => {
      requireTask(model).inTeam = false;
    },
  },
  'change the role': {
    field: 'changeRole',
    input: ({ memberships }, { person, role }) => ({ id: memberships.get(person), role }),
    applies: isMember,
    ending: (model, details) => {
      const mine = model.roles.get(details.actor);
      const ending = onMember(model, details);
      return ending !== 'ok' || (mine && MANAGED[mine].includes(details.role)) ? ending : 'FORBIDDEN';
    },
    change: (model, { person, role }) => model.roles.set(person, role),
  },
  'remove from the team': {
    field: 'removeMember',
    input: ({ memberships }, { person }) => ({ id: memberships.get(person) }),
    applies: isMember,
    ending: onMember,
    change: (model, { person }) => takeOut(model, person),
  },
  'leave the team': {
    field: 'leaveTeam',
    input: ({ team }) => ({ teamId: team }),
    applies: ({ roles }, { actor }) => roles.has(actor),
    ending: ({ roles }, { actor }) => (roles.get(actor) === 'OWNER' ? 'FORBIDDEN' : 'ok'),
    change: (model, { actor }) => takeOut(model, actor),
  },
  'hand the team over': {
    field: 'transferOwnership',
    input: ({ team }, { person }) => ({ teamId: team, userId: cast[person].id }),
    ending: ({ roles }, { actor, person }) => {
      const role = roles.get(actor);
      if (role !== 'OWNER') return role ? 'FORBIDDEN' : 'NOT_FOUND';
      return person === actor ? 'VALIDATION_FAILED' : roles.has(person) ? 'ok' : 'NOT_FOUND';
    },
    change: ({ roles }, { actor, person }) => {
      roles.set(actor, 'ADMIN').set(person, 'OWNER');
    },
  },
};

let cast: Record<Name, Person>;

beforeAll(async () => {
  cast = await signUp(...NAMES);
  // A common team in which they have no rights lets them see each other.
  const host = await db.team.create({ data: { name: 'Common', slug: 'common' } });
  await db.membership.createMany({
    data: ACQUAINTED.map((name) => ({ teamId: host.id, userId: uuid(name), role: 'VIEWER' as const })),
  });
  await db.user.update({ where: { id: uuid('stranger') }, data: { emailVerified: true } });
});

function uuid(name: Name): string {
  return uuidOf('User', cast[name].id);
}

async function shareOf({ task }: Real, name: Name): Promise<string> {
  const where = { taskId: uuidOf('Task', task), sharedWithId: uuid(name) };
  const { id } = await db.taskShare.findFirstOrThrow({ where });
  return publicId('TaskShare', id);
}

async function offerOf({ task }: Real): Promise<string> {
  const { id } = await db.shareOffer.findFirstOrThrow({ where: { taskId: uuidOf('Task', task) } });
  return publicId('ShareOffer', id);
}

class Step implements fc.AsyncCommand<Model, Real> {
  readonly name: string;
  readonly details: Details;

  constructor(name: string, details: Details) {
    this.name = name;
    this.details = details;
  }

  get verb(): Verb {
    const verb = verbs[this.name];
    if (!verb) throw new Error(`There is no verb “${this.name}”.`);
    return verb;
  }

  check(model: Readonly<Model>): boolean {
    return this.verb.applies?.(model, this.details) ?? true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { field, input, ending, change } = this.verb;
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${field}(input: $input) { cursor } }`;
    const expected = ending(model, this.details);
    const variables = { input: await input(real, this.details) };
    const actual = await outcome(cast[this.details.actor].query(document, variables));
    expect(actual, `${this.toString()} of ${describe(model)}`).toBe(expected);
    if (expected === 'ok') change(model, this.details);
    await compare(model, real);
  }

  toString(): string {
    const { actor, person, permission, role } = this.details;
    return `${actor}: ${this.name} (${person}, ${permission}, ${role})`;
  }
}

function describe({ task, roles, shares, offer }: Model): string {
  return JSON.stringify({ task, offer, roles: [...roles], shares: [...shares] });
}

/** Compares each person's rights, and the database, with the model. */
async function compare(model: Model, real: Real): Promise<void> {
  const told = await Promise.all(NAMES.map(async (name) => [name, await rightsToldTo(name, real)]));
  const expected = NAMES.map((name) => {
    const rights = rightsOf(model, name);
    return [name, rights.has('see') ? RIGHTS.filter((right) => rights.has(right)).join(' ') : 'NOT_FOUND'];
  });
  expect(told, describe(model)).toEqual(expected);
  const members = await db.membership.findMany({ where: { teamId: uuidOf('Team', real.team) } });
  expect(members.map(({ userId, role }) => `${userId} ${role}`).sort()).toEqual(
    [...model.roles].map(([name, role]) => `${uuid(name)} ${role}`).sort(),
  );
}

async function rightsToldTo(name: Name, { task: id }: Real): Promise<string> {
  const rights = cast[name].query<{ task: { viewerCan: Record<string, boolean> } }>(
    `query ($id: ID!) { task(id: $id) { viewerCan { ${RIGHTS.join(' ')} } } }`,
    { id },
  );
  const hidden = await outcome(rights);
  if (hidden !== 'ok') return String(hidden);
  const { viewerCan } = (await rights).task;
  return RIGHTS.filter((right) => viewerCan[right]).join(' ');
}

const MEMBERS = ['lead', 'admin', 'member', 'mate', 'viewer'] as const;

const beginnings = fc.record({
  owner: fc.constantFrom(...ACQUAINTED),
  assignee: fc.constantFrom(...MEMBERS, null, null),
  inTeam: fc.boolean(),
  shares: fc.dictionary(
    fc.constantFrom('member', 'mate', 'viewer', 'outsider'),
    fc.constantFrom('EDIT', 'EDIT', 'VIEW'),
    {
      minKeys: 1,
    },
  ),
});
type Beginning = typeof beginnings extends fc.Arbitrary<infer B> ? B : never;

/** A task that its owner may have created, assigned and shared. */
function modelOf({ owner, assignee, inTeam, shares }: Beginning): Model {
  const roles = new Map<Name, TeamRole>([
    ['lead', 'OWNER'],
    ['admin', 'ADMIN'],
    ['member', 'MEMBER'],
    ['mate', 'MEMBER'],
    ['viewer', 'VIEWER'],
  ]);
  const given = new Map(Object.entries(shares) as [Name, SharePermission][]);
  given.delete(owner);
  const task = { owner, assignee, inTeam: inTeam && roles.has(owner) };
  const model = { roles, shares: given, offer: null, task };
  if (!mayBeAssigned(model, assignee)) task.assignee = null;
  return model;
}

async function realOf(model: Model): Promise<Real> {
  const { roles, shares } = model;
  const { owner, assignee, inTeam } = requireTask(model);
  await db.shareOffer.deleteMany();
  const [teamId, taskId] = [newId(), newId()];
  const memberships = [...roles].map(([name, role]) => ({ name, id: newId(), role }));
  await db.team.create({ data: { id: teamId, name: `Team ${teamId}`, slug: teamId } });
  await db.membership.createMany({
    data: memberships.map(({ name, id, role }) => ({ id, teamId, userId: uuid(name), role })),
  });
  await db.task.create({
    data: {
      id: taskId,
      title: 'Tea',
      ownerId: uuid(owner),
      assigneeId: assignee && uuid(assignee),
      teamId: inTeam ? teamId : null,
    },
  });
  await db.taskShare.createMany({
    data: [...shares].map(([name, permission]) => ({
      taskId,
      sharedWithId: uuid(name),
      sharedById: uuid(owner),
      permission,
    })),
  });
  return {
    task: publicId('Task', taskId),
    team: publicId('Team', teamId),
    memberships: new Map(memberships.map(({ name, id }) => [name, publicId('Membership', id)])),
  };
}

const details = fc.record({
  actor: fc.constantFrom(...NAMES),
  person: fc.constantFrom(...NAMES),
  permission: fc.constantFrom<SharePermission[]>('VIEW', 'EDIT'),
  role: fc.constantFrom<Details['role'][]>('ADMIN', 'MEMBER', 'VIEWER'),
});

const steps = Object.keys(verbs).map((name) => details.map((given) => new Step(name, given)));

test('[BR-18] after two or three steps by several people, each person has exactly the rights of the rules (M3)', async () => {
  await fc.assert(
    fc.asyncProperty(
      beginnings,
      fc.commands(steps, { maxCommands: 3, size: 'max' }),
      async (given, sequence) => {
        await fc.asyncModelRun(async () => {
          const model = modelOf(given);
          return { model, real: await realOf(model) };
        }, sequence);
      },
    ),
    { numRuns: RUNS, ...SEED },
  );
}, 600_000);
