import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import type { PrismaModelTypes, SelectionMap, TypesForRelation } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { builder } from './builder.ts';
import type { Context } from '../../server/graphql/context.ts';
import { COUNTING } from '../../server/limits/points.ts';
import { batched } from './loaders.ts';
import { page, type OrderBy, type Page, type PageArguments } from './connection.ts';

type Types = typeof builder.$inferSchemaTypes;

type FieldBuilder<
  Model extends PrismaModelTypes,
  Shape extends object,
> = PothosSchemaTypes.PrismaObjectFieldBuilder<Types, Model, Shape>;

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
  type: ObjectRef<Types, { id: string }>;
  description: string;
  args?: Args;
  /** The rows that the viewer can see and requests. Also applies to `totalCount`. */
  where: (args: InputShapeFromFields<Args>, context: Context) => Related<Model, Relation>['Where'];
  /** Columns to sort by, before the id. Empty for creation order. */
  order: (
    args: InputShapeFromFields<Args>,
    context: Context,
  ) => readonly OrderBy<keyof Related<Model, Relation>['Shape'] & string>[];
  /** Descriptions of the connection type and its edge type. */
  page: string;
  edge: string;
}

/** Passes the field's own selection on, as the Prisma plugin's connections do. */
type NestedSelection = (
  query: object,
  path: { getType: () => string; paths: { name: string }[][] },
) => SelectionMap;

type IdentifiedParent = Parent & { id: string };

/** A parent with the selected rows and the count of the relation. */
type Parent = Record<string, Row[] | undefined> & { _count?: Record<string, number | undefined> };

type Row = Record<string, unknown> & { id: string };

const NODES = [[{ name: 'nodes' }], [{ name: 'edges' }, { name: 'node' }]];

/**
 * A connection over a to-many relation, loaded with its parents: a list of parents takes one statement. Each
 * further selection of the same relation with other arguments takes one more.
 */
export function pagedRelation<
  Model extends PrismaModelTypes,
  Relation extends Model['ListRelations'] & string,
  Args extends InputFieldMap,
  Shape extends object,
>(t: FieldBuilder<Model, Shape>, relation: Relation, options: PagedRelation<Model, Relation, Args>) {
  const { type, description, where, order } = options;
  /** The rows of a list share one arguments object. */
  const pages = new WeakMap<object, Page<keyof Related<Model, Relation>['Shape'] & string>>();
  const pageOf = (args: object, context: Context) => {
    const made =
      pages.get(args) ?? page(args as PageArguments, order(args as InputShapeFromFields<Args>, context));
    pages.set(args, made);
    return made;
  };

  const rowsAndCount = (args: object, context: Context) => {
    const seen = where(args as InputShapeFromFields<Args>, context) as object;
    const { where: within, orderBy, take, withCursor } = pageOf(args, context);
    return {
      count: { select: { [relation]: { where: seen } } },
      rows: { where: { AND: [seen, within] }, orderBy, take },
      withCursor,
    };
  };

  const select = (
    args: object,
    context: Context,
    nested: NestedSelection,
    selected: () => ReadonlySet<string>,
  ): SelectionMap => {
    const { count, rows, withCursor } = rowsAndCount(args, context);
    const select: NonNullable<SelectionMap['select']> = {};
    const fields = selected();
    if (COUNTING.some((field) => fields.has(field))) select['_count'] = count;
    if ([...fields].some((field) => !COUNTING.includes(field) && field !== '__typename'))
      select[relation] = withCursor(nested(rows, { getType: () => type.name, paths: NODES }));
    return { select };
  };

  const load = async (ids: readonly string[], query: SelectionMap, args: object, context: Context) => {
    const { count, rows, withCursor } = rowsAndCount(args, context);
    const select = { id: true, [relation]: withCursor({ ...query, ...rows }), _count: count };
    const parents = await delegateOf(context, t.model).findMany({
      where: { id: { in: [...ids] } },
      select,
      relationLoadStrategy: 'join',
    });
    return new Map<string, Parent>(parents.map((parent) => [parent.id, parent]));
  };

  /** Loads a list that could not be loaded with its parents, for all parents at once. */
  const fallback = async (
    query: SelectionMap,
    { id }: IdentifiedParent,
    args: object,
    context: Context,
    info: GraphQLResolveInfo,
  ) => {
    const parent = await batched(context, info, id, (ids) => load(ids, query, args, context));
    return resolve(parent ?? {}, args, context);
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
        pothosPrismaFallback: fallback,
        pothosPrismaFallbackPlan: () => ({ typeName: type.name, paths: NODES }),
        pothosPrismaLoaded: (parent: Parent) => (parent[relation] ?? parent._count?.[relation]) !== undefined,
      },
      resolve: resolve as never,
    } as never,
    { description: options.page },
    { description: options.edge },
  );
}

interface Delegate {
  findMany(args: object): Promise<IdentifiedParent[]>;
}

function delegateOf({ db }: Context, model: string): Delegate {
  const delegates = db as unknown as Record<string, Delegate>;
  const delegate = delegates[model.charAt(0).toLowerCase() + model.slice(1)];
  if (!delegate) throw new TypeError(`There is no model ${model}`);
  return delegate;
}
