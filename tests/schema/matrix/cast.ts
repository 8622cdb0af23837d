import type { Database } from '../../../server/database/client.ts';
import { verifyAccount } from '../../../server/auth/account.ts';
import { uuidOf } from '../../../server/ids.ts';
import { accept, invite, teamOf } from '../../kit/team.ts';
import type { Person, World } from '../../kit/world.ts';

/** The people who act, by their relation to most subjects. */
const ACTORS = [
  'Owner',
  'Assignee',
  'Lead',
  'Admin',
  'Member',
  'Viewer',
  'EditingViewer',
  'ShareViewer',
  'ShareEditor',
  'Lapsed',
  'Former',
  'Stranger',
  'Invited',
  'Unverified',
  'Participant',
  'Offered',
  'Self',
  'Alone',
] as const;

/** People who only belong to the scene. */
const OTHERS = ['Guest', 'Newcomer', 'OtherAdmin', 'OtherMember', 'OtherViewer'] as const;

export type Name = Lowercase<(typeof ACTORS | typeof OTHERS)[number]>;

export interface Cast {
  people: Record<Name, Person & { uuid: string }>;
  /** The team of most people; without receivers of shares, strangers, and `former`, who was a member. */
  team: { id: string; uuid: string };
  /** Another team of the same people, in which all except `lead` are MEMBERs. */
  annex: { id: string };
  /** API tokens of the people who need them. */
  tokens: Record<'READ' | 'WRITE', ReadonlyMap<Name, string>>;
}

/** Signs everyone up, and lets them join and leave the team as people do. */
export async function gather({ people, db }: World, readers: readonly Name[]): Promise<Cast> {
  const signedUp: Record<Name, Person> = await people(...ACTORS, ...OTHERS);
  for (const { email } of [signedUp.invited, signedUp.self]) await verifyAccount(db, email);
  const { lead, admin, otheradmin, former, viewer, editingviewer, otherviewer } = signedUp;
  const { owner, assignee, member, othermember } = signedUp;
  const team = await teamOf(lead, [
    ...[admin, otheradmin].map((person) => [person, 'ADMIN'] as const),
    ...[owner, assignee, member, othermember].map((person) => [person, 'MEMBER'] as const),
    ...[viewer, editingviewer, otherviewer].map((person) => [person, 'VIEWER'] as const),
  ]);
  const insiders = [owner, assignee, admin, member, viewer, editingviewer];
  const annex = await teamOf(
    lead,
    insiders.map((person) => [person, 'MEMBER'] as const),
  );
  await accept(former, await invite(lead, team.id, former.email, 'MEMBER'));
  await former.query('mutation ($teamId: ID!) { leaveTeam(input: { teamId: $teamId }) { cursor } }', {
    teamId: team.id,
  });
  const token = async (name: Name, scope: 'READ' | 'WRITE') => {
    const { createApiToken } = await signedUp[name].query<{ createApiToken: { token: string } }>(
      `mutation ($scope: ApiTokenScope!) { createApiToken(input: { name: "x", scopes: [$scope] }) { token } }`,
      { scope },
    );
    return [name, createApiToken.token] as const;
  };
  return {
    people: Object.fromEntries(
      Object.entries(signedUp).map(([name, person]) => [
        name,
        { ...person, uuid: uuidOf('User', person.id) },
      ]),
    ) as Cast['people'],
    team: { id: team.id, uuid: uuidOf('Team', team.id) },
    annex,
    tokens: {
      READ: new Map(await Promise.all(readers.map((name) => token(name, 'READ')))),
      WRITE: new Map([await token('alone', 'WRITE')]),
    },
  };
}

/** Everything in the database, by the ids that it mentions; without refused accesses. */
export async function contents(db: Database): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>();
  for (const table of TABLES) {
    const rows = await db.$queryRawUnsafe<{ row: string }[]>(
      `SELECT to_jsonb(x)::text AS row FROM ${table} AS x`,
    );
    for (const { row } of rows) {
      if (row.includes('"access.refused"')) continue;
      for (const id of new Set(row.match(UUID))) {
        const mentions = byId.get(id) ?? [];
        byId.set(id, mentions);
        mentions.push(`${table} ${row}`);
      }
    }
  }
  return byId;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const TABLES = [
  'users',
  'teams',
  'memberships',
  'team_invitations',
  'tasks',
  'task_shares',
  'share_offers',
  'blocks',
  'comments',
  'conversations',
  'conversation_participants',
  'conversation_leavers',
  'conversation_offers',
  'messages',
  'assistant_replies',
  'api_tokens',
  'views',
  'custom_dashboards',
  'webhooks',
  'webhook_deliveries',
  'connected_applications',
  'trashed_tasks',
  'trashed_rows',
  'events',
];
