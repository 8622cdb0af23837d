import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isCompositeType,
  isInputObjectType,
  isListType,
  Kind,
  visit,
  type DocumentNode,
  type OperationDefinitionNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { bytesOf, conditionPoints, COUNTING, POINTS, type Arguments } from './points.ts';
import { introspectionLength, isIntrospection, OF_INTROSPECTION } from './introspection-cost.ts';

/** The maximum cost of an operation in points, given the variables of the request. */
export type QueryCost = (variables: Readonly<Record<string, unknown>>) => number;

const PLAIN_LIST = 10;
const PAGE = { usual: 50, most: 100 } as const;
const REFUSED = 1;

type VariableValues = NonNullable<Parameters<typeof getArgumentValues>[2]>;

interface Scope {
  variables: VariableValues;
  page: number;
  count: number;
  isOfAllTypes: boolean;
  fragments: Map<FragmentDefinitionNode, Map<string, number>>;
}

type Cost = (scope: Scope) => number;

const prices = new WeakMap<OperationDefinitionNode, QueryCost>();

/** A point per object, multiplied by page sizes, plus `POINTS` for other work. The document must be valid. */
export function queryCostOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): QueryCost {
  const operation = getOperationAST(document, operationName);
  if (!operation) return FREE;
  const price = prices.get(operation) ?? compile(schema, document, operation);
  prices.set(operation, price);
  return price;
}

const FREE: QueryCost = () => 0;

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): QueryCost {
  const root = schema.getRootType(operation.operation);
  if (!root) return FREE;
  const fragments = new Map<string, { node: FragmentDefinitionNode; cost: Cost }>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const type = schema.getType(definition.typeCondition.name.value);
    let cost: Cost | undefined;
    fragments.set(definition.name.value, {
      node: definition,
      cost: (scope) =>
        (cost ??= isCompositeType(type) ? costOf(definition.selectionSet, type) : () => 0)(scope),
    });
  }

  function costOf(selectionSet: SelectionSetNode, parent: GraphQLCompositeType): Cost {
    const names = selectionSet.selections.map((one) => one.kind === Kind.FIELD && one.name.value);
    const countingField = COUNTING.find((name) => names.includes(name));
    const costs = selectionSet.selections.map((selection): Cost => {
      if (selection.kind === Kind.FIELD) return costOfField(selection, parent, countingField);
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
        return isCompositeType(type) ? costOf(selection.selectionSet, type) : () => 0;
      }
      const fragment = fragments.get(selection.name.value);
      return fragment ? (scope) => once(fragment, scope) : () => 0;
    });
    return (scope) => costs.reduce((sum, cost) => sum + cost(scope), 0);
  }

  function costOfField(node: FieldNode, parent: GraphQLCompositeType, countingField?: string): Cost {
    const name = node.name.value;
    const field = schema.getField(parent as never, name);
    const type = field && getNamedType(field.type);
    if (!field || !type) return () => 0;
    if (!isCompositeType(type) || !node.selectionSet) {
      const counting = POINTS.fields[`${parent.name}.${name}`];
      if (counting) return () => counting({});
      return name === countingField ? ({ count }) => count : () => 0;
    }
    const inner = costOf(node.selectionSet, type);
    if (isIntrospection(type)) return costOfIntrospection(name, parent, isList(field), inner);
    const given = argumentsOf(node, field);
    if (parent === schema.getMutationType()) return costOfChange(field, given, inner);
    const own = POINTS.fields[`${parent.name}.${name}`];
    const extra: Cost = own ? (scope) => own(given(scope)) : () => 0;
    if (type.name.endsWith('Connection')) {
      const isRoot = parent === root;
      return (scope) => {
        const args = given(scope);
        const scan = isRoot ? conditionPoints(args) : 0;
        const page = clamp(sizeOf(args) ?? PAGE.usual);
        const count = (isRoot ? POINTS.count : POINTS.nestedCount) + scan;
        return 1 + extra(scope) + scan + inner({ ...scope, page, count });
      };
    }
    const isPage = parent.name.endsWith('Connection') && (name === 'nodes' || name === 'edges');
    if (isPage) return (scope) => scope.page * (1 + inner(scope));
    return (scope) => {
      const length = isList(field) ? (sizeOf(given(scope)) ?? PLAIN_LIST) : 1;
      return extra(scope) + Math.max(1, length) * (1 + inner(scope));
    };
  }

  const total = costOf(operation.selectionSet, root);
  return (variables) => {
    const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
    if (!variableValues) return REFUSED;
    const scope = { page: PAGE.usual, count: 1, isOfAllTypes: false, fragments: new Map() };
    return Math.ceil(total({ variables: variableValues, ...scope }));
  };

  function costOfIntrospection(
    name: string,
    parent: GraphQLCompositeType,
    isMany: boolean,
    inner: Cost,
  ): Cost {
    const isTypes = name === 'types';
    // Lists on a type are of average length when all types are listed, but possibly longer for a chosen type.
    const staysOfAll =
      isTypes || (parent.name === '__Type' && isMany && name !== 'interfaces' && name !== 'possibleTypes');
    return (scope) => {
      const length = isMany ? introspectionLength(schema, name, scope.isOfAllTypes) : 1;
      const isOfAllTypes = isTypes || (scope.isOfAllTypes && staysOfAll);
      return length * (OF_INTROSPECTION + inner({ ...scope, isOfAllTypes }));
    };
  }
}

function costOfChange(
  field: GraphQLField<unknown, unknown>,
  given: (scope: Scope) => Arguments,
  inner: Cost,
): Cost {
  const input = field.args.find(({ name }) => name === 'input')?.type;
  const type = input && getNamedType(input);
  const lists = isInputObjectType(type)
    ? Object.values(type.getFields()).filter(
        (one) => isListType(getNullableType(one.type)) && isInputObjectType(getNamedType(one.type)),
      )
    : [];
  const own = POINTS.mutations[field.name] ?? POINTS.change;
  return (scope) => {
    const { input: values = {} } = given(scope) as { input?: Record<string, unknown> };
    const lengths = lists.map(({ name }) => (values[name] as unknown[] | undefined)?.length ?? 1);
    const count = Math.max(1, ...lengths);
    const written = Math.floor(bytesOf(values) / POINTS.bytesPerPoint);
    return count * own + written + Math.max(1, count / PLAIN_LIST) * (1 + inner(scope));
  };
}

function argumentsOf(node: FieldNode, field: GraphQLField<unknown, unknown>): (scope: Scope) => Arguments {
  if (field.args.length === 0) return () => ({});
  const read = ({ variables }: Scope): Arguments => {
    try {
      return getArgumentValues(field, node, variables);
    } catch {
      return {};
    }
  };
  if (hasVariables(node)) return read;
  let known: Arguments | undefined;
  return (scope) => (known ??= read(scope));
}

function hasVariables({ arguments: given = [] }: FieldNode): boolean {
  let found = false;
  for (const argument of given)
    visit(argument, {
      Variable() {
        found = true;
      },
    });
  return found;
}

function once({ node, cost }: { node: FragmentDefinitionNode; cost: Cost }, scope: Scope): number {
  const known = scope.fragments.get(node) ?? new Map<string, number>();
  scope.fragments.set(node, known);
  const key = `${scope.page} ${scope.count} ${scope.isOfAllTypes}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = cost(scope);
  known.set(key, found);
  return found;
}

function sizeOf({ first, last, ids, days }: Arguments): number | undefined {
  const sizes = [first, last, Array.isArray(ids) ? ids.length : undefined, days].filter(
    (size) => typeof size === 'number',
  );
  return sizes.length > 0 ? Math.max(...sizes) : undefined;
}

function isList({ type }: GraphQLField<unknown, unknown>): boolean {
  return isListType(getNullableType(type));
}

function clamp(size: number): number {
  return Math.min(PAGE.most, Math.max(1, size));
}
