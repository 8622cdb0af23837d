import { brandWithType } from '@pothos/core';
import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import { ValidationFailed } from '../../server/errors.ts';
import type { IdType } from '../../server/ids.ts';
import { visible, type Viewer } from '../../server/policy.ts';
import { visibleUsers } from '../../server/sql/visible-users.ts';
import type { Context } from '../../server/graphql/context.ts';

const MOST_NODES = 100;

/** The visibility rule of each type. A missing type is a compile error. */
const filters: Record<IdType, (viewer: Viewer) => object> = {
  // `visibleUsers` has already filtered the ids.
  User: () => ({}),
  ApiToken: visible.apiToken,
  ConnectedApplication: visible.connectedApplication,
  Session: visible.session,
  Team: visible.team,
  Membership: visible.membership,
  TeamInvitation: visible.invitation,
  Task: visible.task,
  TaskShare: visible.share,
  ShareOffer: visible.shareOffer,
  Block: visible.block,
  Comment: visible.comment,
  Conversation: visible.conversation,
  Message: visible.message,
  View: visible.view,
  CustomDashboard: visible.customDashboard,
  Webhook: visible.webhook,
  WebhookDelivery: visible.webhookDelivery,
  Approval: visible.approval,
  AgentRun: visible.agentRun,
};

interface Finder {
  findMany(query: object): Promise<{ id: string }[]>;
}

interface Finding {
  /** Where the selection of the objects is, below the field. */
  path?: string[];
  /** The selection, if the caller has it already. */
  selection?: object;
  /** Which of some people may be shown, if other than those that the viewer sees. */
  usersOf?: typeof visibleUsers;
}

/**
 * Reads the objects of one type that the viewer can see, in one statement, with the client's selection below
 * `path`.
 */
export async function findVisible(
  type: IdType,
  ids: readonly string[],
  context: Context,
  info: GraphQLResolveInfo,
  { path = [], selection, usersOf = visibleUsers }: Finding = {},
): Promise<Map<string, { id: string }>> {
  const { db, viewer } = context;
  const wanted = type === 'User' ? await usersOf(db, viewer, ids) : new Set(ids);
  const model = (type.charAt(0).toLowerCase() + type.slice(1)) as Uncapitalize<IdType>;
  const rows = await (db[model] as unknown as Finder).findMany({
    ...(selection ??
      queryFromInfo({ context, info, typeName: type, ...(path.length > 0 ? { paths: [path] } : {}) })),
    relationLoadStrategy: 'join',
    where: { id: { in: [...wanted] }, AND: filters[type](viewer) },
  });
  for (const row of rows) brandWithType(row, type as never);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Reads objects of any type, in the order of their ids. Null for each one that the viewer cannot see. */
export async function nodesByIds(
  ids: readonly { typename: string; id: string }[],
  context: Context,
  info: GraphQLResolveInfo,
): Promise<(object | null)[]> {
  if (ids.length > MOST_NODES) {
    throw new ValidationFailed(`\`ids\` can have at most ${MOST_NODES} entries.`, { field: 'ids' });
  }
  const byType = Map.groupBy(ids, ({ typename }) => typename as IdType);
  const found = await Promise.all(
    [...byType].map(([type, some]) =>
      findVisible(
        type,
        some.map(({ id }) => id),
        context,
        info,
      ),
    ),
  );
  return ids.map(({ id }) => found.find((rows) => rows.has(id))?.get(id) ?? null);
}
