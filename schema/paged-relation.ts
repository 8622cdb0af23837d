import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import type { PrismaModelTypes, SelectionMap, TypesForRelation } from '@pothos/plugin-prisma';
import type { builder, Context } from './builder.ts';
import { page, type OrderBy, type PageArguments } from './connection.ts';

type Types = typeof builder.$inferSchemaTypes;

type FieldBuilder<Model extends PrismaModelTypes> = PothosSchemaTypes.PrismaObjectFieldBuilder<Types, Model>;

type Related<Model extends PrismaModelTypes, Relation extends Model['ListRelations']> = TypesForRelation<
  Types,
  Model,
  Relation
>;

interface PagedRelation<
  Model extends PrismaModelTypes,
  Relation extends Model['ListRelations'],
  Args extends InputFieldMap,
> {
  type: ObjectRef<Types, Related<Model, Relation>['Shape']>;
  description: string;
  args?: Args;
  /** Which of them the viewer may see, and wants; counts for `totalCount` too. */
  where: (args: InputShapeFromFields<Args>, context: Context) => Related<Model, Relation>['Where'];
  /** By which columns, before the id; none for the order in which they were made. */
  order: (
    args: InputShapeFromFields<Args>,
    context: Context,
  ) => readonly OrderBy<keyof Related<Model, Relation>['Shape'] & string>[];
  /** Describes the connection's type and its edges'. */
  page: string;
  edge: string;
}

/** The part of a plan that hands a field's own selection on, as the Prisma plugin's own connections use it. */
type NestedSelection = (
  query: object,
  path: { getType: () => string; paths: { name: string }[][] },
) => SelectionMap;

/** A parent, with the rows of the relation and their number as far as either was selected. */
type Parent = Record<string, Row[] | undefined> & { _count?: Record<string, number | undefined> };

type Row = Record<string, unknown> & { id: string };

const NODES = [[{ name: 'nodes' }], [{ name: 'edges' }, { name: 'node' }]];

/**
 * A list on a type: a connection over a to-many relation, read along with its parent. Fifty parents with their
 * lists take the statements of one, unless a selection asks for the same relation twice in different ways.
 */
export function pagedRelation<
  Model extends PrismaModelTypes,
  Relation extends Model['ListRelations'] & string,
  Args extends InputFieldMap = Record<never, never>,
>(t: FieldBuilder<Model>, relation: Relation, options: PagedRelation<Model, Relation, Args>) {
  const { type, description, where, order } = options;
  const pageOf = (args: object, context: Context) =>
    page(args as PageArguments, order(args as InputShapeFromFields<Args>, context));

  const select = (
    args: object,
    context: Context,
    nested: NestedSelection,
    selected: () => ReadonlySet<string>,
  ): SelectionMap => {
    const fields = selected();
    const seen = where(args as InputShapeFromFields<Args>, context) as object;
    const select: NonNullable<SelectionMap['select']> = {};
    if (fields.has('totalCount')) select['_count'] = { select: { [relation]: { where: seen } } };
    if ([...fields].some((field) => field !== 'totalCount' && field !== '__typename')) {
      const { where, orderBy, take } = pageOf(args, context);
      const query = { where: { AND: [seen, where] }, orderBy, take };
      const rows = nested(query, { getType: () => type.name, paths: NODES });
      const columns = orderBy.flatMap(Object.keys).map((column) => [column, true]);
      select[relation] = rows.select
        ? { ...rows, select: { ...rows.select, ...Object.fromEntries(columns) } }
        : rows;
    }
    return { select };
  };

  const resolve = (parent: Parent, args: object, context: Context) => ({
    ...pageOf(args, context).connection(parent[relation] ?? []),
    totalCount: () => Promise.resolve(parent._count?.[relation]),
  });

  return t.connection(
    {
      type,
      description,
      args: options.args,
      extensions: {
        pothosPrismaSelect: select,
        pothosPrismaLoaded: (parent: Parent) => (parent[relation] ?? parent._count?.[relation]) !== undefined,
      },
      resolve: resolve as never,
    } as never,
    { description: options.page },
    { description: options.edge },
  );
}
