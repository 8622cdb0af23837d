import type { Comment, Task, TaskShare, TaskStatus } from '../generated/client/client.ts';
import type { NewEvent } from '../../server/log/catalogue.ts';
import { taskFingerprint } from '../../server/domain/task.ts';
import { endOfList } from '../../server/domain/task-position.ts';
import { fingerprintOf } from '../../server/log/idempotency.ts';
import { taskChanged, taskCreated } from '../../server/log/task-event.ts';
import { DAY, dayIn, daysAfter, HOUR, MINUTE, moments, PAST_DAYS } from './calendar.ts';
import { chance, type Chance } from './chance.ts';
import { talk, type DemoConversation } from './conversations.ts';
import { characters } from './people.ts';
import type { At, DemoPerson, DemoPlan } from './demo.ts';
import { gather, workersOf, type DemoTeam } from './teams.ts';
import { remark, words, type Area } from './wording.ts';

type TaskEvent = NewEvent<'task.created' | 'task.updated' | 'task.completed'>;
type DemoShare = Omit<TaskShare, 'updatedAt'>;
type DemoComment = Omit<Comment, 'updatedAt'>;

/** A task with its related rows. */
export interface DemoTask {
  task: Task;
  /** From the creation to the last change, in order. */
  events: At<TaskEvent>[];
  shares: { share: DemoShare; event: At<NewEvent<'task.shared'>> }[];
  comments: { comment: DemoComment; event: At<NewEvent<'comment.added'>> }[];
}

interface Demo {
  people: DemoPerson[];
  teams: DemoTeam[];
  conversations: DemoConversation[];
  /** In the order of creation; each call generates the same tasks. */
  tasks: () => Generator<DemoTask>;
}

/** Probabilities of a share, and of its expiry. */
const SHARED = 0.2;
const RUNS_OUT = 0.15;

/** The probability that a member's task belongs to the team, and that it is assigned. */
const OF_TEAM = 0.7;
const ASSIGNED = 0.75;

/** The probability of comments. */
const DISCUSSED = 0.35;

const USUALLY_SETTLED_AFTER = 4.5 * DAY;

/** Generates a workspace, always the same for the same plan. */
export function imagine(plan: DemoPlan): Demo {
  const people = arrive(plan);
  const teams = gather(plan, people);
  return { people, teams, conversations: talk(plan, people), tasks: () => tasksOf(plan, people, teams) };
}

function arrive({ seed, now }: DemoPlan): DemoPerson[] {
  const ids = chance(seed, 'people');
  const first = now.getTime() - PAST_DAYS * DAY;
  return characters.map(({ name, email, timezone }, index) => {
    const createdAt = new Date(first + index * 3 * MINUTE);
    return { id: ids.uuid(createdAt), name, email, timezone, createdAt };
  });
}

function* tasksOf(
  { seed, now, tasks: count }: DemoPlan,
  people: DemoPerson[],
  teams: DemoTeam[],
): Generator<DemoTask> {
  const clock = chance(seed, 'clock');
  const ownership = chance(seed, 'ownership');
  const life = chance(seed, 'life');
  const placing = chance(seed, 'placing');
  const sharing = chance(seed, 'sharing');
  const talking = chance(seed, 'talking');
  const owners = characters.map(
    (character, index) => [{ character, person: people[index] as DemoPerson }, character.weight] as const,
  );
  for (const createdAt of moments(clock, now, count)) {
    const { character, person } = ownership.weigh(owners);
    const area = life.weigh(character.areas.map((name, rank) => [name, 1 / (rank + 1)] as const));
    const team = teamFor(placing, area, person, teams);
    const assigneeId = team && placing.happens(ASSIGNED) ? placing.pick(workersOf(team)).userId : null;
    const place = { area, teamId: team?.team.id ?? null, assigneeId };
    const { task, events } = live(life, place, person, createdAt, now);
    const outsiders = people.filter(({ id }) => !team?.members.some(({ userId }) => userId === id));
    const shares = share(sharing, task, outsiders, now);
    yield { task, events, shares, comments: discuss(talking, task, team, shares, people, now) };
  }
}

function teamFor(chance: Chance, area: Area, person: DemoPerson, teams: DemoTeam[]): DemoTeam | undefined {
  const isOfTeam = chance.happens(OF_TEAM);
  return teams.find(
    (team) =>
      isOfTeam && team.areas.includes(area) && workersOf(team).some(({ userId }) => userId === person.id),
  );
}

interface Place extends Pick<Task, 'teamId' | 'assigneeId'> {
  area: Area;
}

function live(chance: Chance, { area, ...place }: Place, owner: DemoPerson, createdAt: Date, now: Date) {
  const { statuses, times } = historyOf(chance, createdAt, now);
  const created: Task = {
    id: chance.uuid(createdAt),
    ...words(chance, area, owner.name),
    status: 'TODO',
    priority: chance.weigh([
      ['NONE', 20],
      ['LOW', 20],
      ['MEDIUM', 32],
      ['HIGH', 20],
      ['URGENT', 8],
    ]),
    dueOn: due(chance, statuses.at(-1) ?? 'TODO', owner.timezone, createdAt, times.at(-1) ?? now, now),
    position: endOfList(createdAt),
    ownerId: owner.id,
    ...place,
    parentId: null,
    startedAt: null,
    completedAt: null,
    archivedAt: null,
    version: 1,
    createdAt,
    updatedAt: createdAt,
  };
  const worker = { userId: created.assigneeId ?? owner.id };
  const events: DemoTask['events'] = [
    { ...taskCreated({ userId: owner.id }, created, taskFingerprint(created)), at: createdAt },
  ];
  let task = created;
  for (const [index, at] of times.entries()) {
    const status = statuses[index + 1] ?? task.status;
    const completedAt = status === 'DONE' ? at : null;
    const startedAt = task.startedAt ?? (status === 'IN_PROGRESS' ? at : null);
    const after = { ...task, status, startedAt, completedAt, updatedAt: at, version: task.version + 1 };
    events.push({ ...taskChanged(completedAt ? 'task.completed' : 'task.updated', worker, task, after), at });
    task = after;
  }
  return { task, events };
}

/** The statuses of a task so far, with the time of each change. */
function historyOf(chance: Chance, createdAt: Date, now: Date): { statuses: TaskStatus[]; times: Date[] } {
  const end = chance.weigh<TaskStatus>([
    ['DONE', 66],
    ['CANCELLED', 5],
    ['TODO', 29],
  ]);
  // Exponential distribution: most are completed soon, some take long.
  const lasts = Math.ceil(-Math.log(1 - chance.next()) * USUALLY_SETTLED_AFTER);
  const changes: [TaskStatus, number][] = [];
  if (chance.happens(0.4)) changes.push(['IN_PROGRESS', Math.ceil(lasts * chance.next())]);
  if (end !== 'TODO') changes.push([end, lasts]);
  const past = changes.filter(([, after]) => createdAt.getTime() + after < now.getTime());
  return {
    statuses: ['TODO', ...past.map(([status]) => status)],
    times: past.map(([, after]) => new Date(createdAt.getTime() + after)),
  };
}

/** Open tasks are due around today, a few are overdue; completed ones were due around their completion. */
function due(
  chance: Chance,
  status: TaskStatus,
  timezone: string,
  createdAt: Date,
  settledAt: Date,
  now: Date,
): Date | null {
  if (chance.happens(0.28)) return null;
  const createdOn = dayIn(timezone, createdAt);
  const today = dayIn(timezone, now);
  if (status === 'DONE' || status === 'CANCELLED') {
    return latest(createdOn, daysAfter(dayIn(timezone, settledAt), chance.between(-2, 4)));
  }
  const offset = chance.weigh([
    [chance.between(-6, -1), createdOn < daysAfter(today, -3) ? 22 : 0],
    [0, 12],
    [chance.between(1, 6), 30],
    [chance.between(7, 35), 36],
  ]);
  return latest(createdOn, daysAfter(today, offset));
}

function latest(one: Date, other: Date): Date {
  return one > other ? one : other;
}

function share(chance: Chance, task: Task, people: DemoPerson[], now: Date): DemoTask['shares'] {
  if (!chance.happens(SHARED)) return [];
  const others = people.filter(({ id }) => id !== task.ownerId);
  // Most shares are with the first person.
  const sharedWith = new Set([chance.happens(0.35) ? (others[0] as DemoPerson) : chance.pick(others)]);
  if (chance.happens(0.25)) sharedWith.add(chance.pick(others));
  const span = now.getTime() - task.createdAt.getTime();
  return Array.from(sharedWith, ({ id }) => {
    const createdAt = new Date(
      task.createdAt.getTime() + Math.floor(Math.min(span, 2 * DAY) * chance.next()),
    );
    const share: DemoShare = {
      id: chance.uuid(createdAt),
      taskId: task.id,
      sharedWithId: id,
      sharedById: task.ownerId,
      permission: chance.happens(0.4) ? 'EDIT' : 'VIEW',
      expiresAt: chance.happens(RUNS_OUT) ? endOf(chance, createdAt, now) : null,
      createdAt,
    };
    const event = {
      kind: 'task.shared',
      actorId: share.sharedById,
      subjectId: share.id,
      teamId: task.teamId,
      personId: share.sharedWithId,
      at: createdAt,
      data: { taskId: task.id, permission: share.permission },
    } as const;
    return { share, event };
  });
}

/** Some have expired; the others last for some days. */
function endOf(chance: Chance, createdAt: Date, now: Date): Date {
  const hasRunOut = chance.happens(0.4);
  if (hasRunOut) return new Date(createdAt.getTime() + Math.floor((now.getTime() - createdAt.getTime()) / 2));
  return new Date(now.getTime() + chance.between(3, 20) * DAY + chance.between(0, 23) * HOUR);
}

/** Comments on a team's task are by members, on a personal one by its owner and people with an EDIT share. */
function discuss(
  chance: Chance,
  task: Task,
  team: DemoTeam | undefined,
  shares: DemoTask['shares'],
  people: DemoPerson[],
  now: Date,
): DemoTask['comments'] {
  const isDiscussed = chance.happens(DISCUSSED);
  const lasting = shares.find(({ share }) => share.permission === 'EDIT' && share.expiresAt === null)?.share;
  const ids = team ? workersOf(team).map(({ userId }) => userId) : [task.ownerId, lasting?.sharedWithId];
  if (!isDiscussed || (!team && !lasting)) return [];
  const authors = people.filter(({ id }) => ids.includes(id));
  let last = team ? task.createdAt.getTime() : (lasting ?? task).createdAt.getTime();
  return Array.from({ length: chance.between(1, 3) }, () => {
    last += Math.floor(Math.min(now.getTime() - last, DAY) * chance.next());
    const author = chance.pick(authors);
    const createdAt = new Date(last);
    const wanted = { taskId: task.id, body: remark(chance, author.name) };
    const comment = { id: chance.uuid(createdAt), ...wanted, authorId: author.id, createdAt };
    const event = {
      kind: 'comment.added',
      actorId: author.id,
      subjectId: comment.id,
      teamId: task.teamId,
      personId: task.ownerId,
      at: createdAt,
      data: { taskId: task.id, fingerprint: fingerprintOf(wanted) },
    } as const;
    return { comment, event };
  });
}
