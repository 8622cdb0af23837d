import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import { batched } from './loaders.ts';
import type { Context } from '../../server/graphql/context.ts';
import type { Page } from './connection.ts';

interface OwnRows<Row> {
  rows: (selection: object) => Promise<Row[]>;
  count: () => Promise<number>;
}

/**
 * A list on the type User that is visible only to that user, and empty for others. It is read once per
 * response.
 */
export async function ownList<Row extends Record<Field, unknown>, Field extends string>(
  context: Context,
  info: GraphQLResolveInfo,
  userId: string,
  paged: Page<Field>,
  { rows, count }: OwnRows<Row>,
) {
  const read = async () => {
    const selection = queryFromInfo({ context, info, paths: [['edges', 'node'], ['nodes']] });
    let counted: Promise<number> | undefined;
    return {
      ...paged.connection(await rows({ ...selection, relationLoadStrategy: 'join' })),
      totalCount: () => (counted ??= count()),
    };
  };
  const own =
    userId === context.viewer.ownId
      ? await batched(context, info, userId, async () => new Map([[userId, await read()]]))
      : undefined;
  return own ?? { ...paged.connection<Row>([]), totalCount: () => Promise.resolve(0) };
}
