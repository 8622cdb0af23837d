import type { Membership, Team } from '../generated/client/client.ts';
import { fingerprintOf } from '../../server/log/idempotency.ts';
import { DAY, MINUTE, PAST_DAYS } from './calendar.ts';
import { chance } from './chance.ts';
import type { DemoEvent, DemoPerson, DemoPlan } from './demo.ts';
import type { Area } from './wording.ts';

/** A team with its related rows. */
export interface DemoTeam {
  team: Omit<Team, 'updatedAt'>;
  /** Its owner first. */
  members: DemoMember[];
  events: DemoEvent[];
  /** The areas of its tasks. */
  areas: readonly Area[];
}

type DemoMember = Omit<Membership, 'updatedAt'>;

interface Sketch {
  name: string;
  slug: string;
  description: string;
  areas: readonly Area[];
  /** By mailbox; the first is the owner. */
  members: readonly (readonly [mailbox: string, role: Membership['role']])[];
}

const sketches: readonly Sketch[] = [
  {
    name: 'Product',
    slug: 'product',
    description: 'Decides, draws and builds what we ship.',
    areas: ['product', 'engineering', 'design'],
    members: [
      ['ada', 'OWNER'],
      ['priya', 'ADMIN'],
      ['mateus', 'MEMBER'],
      ['lukas', 'MEMBER'],
      ['yuki', 'MEMBER'],
      ['chau', 'MEMBER'],
      ['tane', 'MEMBER'],
      ['aleksi', 'MEMBER'],
      ['fatma', 'VIEWER'],
    ],
  },
  {
    name: 'Customers',
    slug: 'customers',
    description: 'Answers those who use it, and tells those who do not yet.',
    areas: ['support', 'outreach'],
    members: [
      ['siobhan', 'OWNER'],
      ['fatma', 'ADMIN'],
      ['itzel', 'MEMBER'],
      ['zanele', 'MEMBER'],
      ['ada', 'VIEWER'],
    ],
  },
  {
    name: 'People & Office',
    slug: 'people-office',
    description: 'Keeps the lights on and everyone well.',
    areas: ['team', 'office'],
    members: [
      ['leila', 'OWNER'],
      ['ada', 'ADMIN'],
      ['kwabena', 'MEMBER'],
      ['zanele', 'MEMBER'],
      ['priya', 'VIEWER'],
    ],
  },
];

/** After all people have signed up, and before their first task. */
const FIRST_AFTER = 42 * MINUTE;
const APART = 6 * MINUTE;
const JOINS_APART = MINUTE / 2;
const ACCEPTS_AFTER = MINUTE / 4;

export function gather({ seed, now }: DemoPlan, people: DemoPerson[]): DemoTeam[] {
  const ids = chance(seed, 'teams');
  const first = now.getTime() - PAST_DAYS * DAY + FIRST_AFTER;
  return sketches.map(({ areas, members: roles, ...fields }, index) => {
    const createdAt = new Date(first + index * APART);
    const team = { id: ids.uuid(createdAt), ...fields, defaultViewId: null, createdAt };
    const members = roles.map(([mailbox, role], rank) => {
      const joinedAt = new Date(createdAt.getTime() + rank * JOINS_APART);
      const userId = personOf(people, mailbox).id;
      return { id: ids.uuid(joinedAt), teamId: team.id, userId, role, createdAt: joinedAt };
    });
    return { team, members, events: eventsOf(team, members), areas };
  });
}

function personOf(people: DemoPerson[], mailbox: string): DemoPerson {
  const person = people.find(({ email }) => email.startsWith(`${mailbox}@`));
  if (!person) throw new Error(`no person in the demo has the mailbox ${mailbox}`);
  return person;
}

function eventsOf({ id: teamId, ...team }: DemoTeam['team'], members: DemoMember[]): DemoEvent[] {
  const { name, slug, description, createdAt } = team;
  const [owner, ...invited] = members;
  const actorId = owner?.userId ?? null;
  const fingerprint = fingerprintOf({ name, slug, description });
  return [
    { kind: 'team.created', actorId, subjectId: teamId, teamId, at: createdAt, data: { fingerprint } },
    ...invited.flatMap(({ id: subjectId, userId, role, createdAt: at }): DemoEvent[] => {
      const about = { subjectId, teamId, data: { role } };
      const invitedAt = new Date(at.getTime() - ACCEPTS_AFTER);
      return [
        { kind: 'team.memberInvited', actorId, at: invitedAt, ...about },
        { kind: 'team.memberJoined', actorId: userId, personId: userId, at, ...about },
      ];
    }),
  ];
}

export function workersOf({ members }: DemoTeam): DemoMember[] {
  return members.filter(({ role }) => role !== 'VIEWER');
}
