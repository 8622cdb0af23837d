import {
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isInputObjectType,
  isListType,
  isObjectType,
  isInterfaceType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** What one run of an operation costs at most, in points; known before it runs. */
export type Price = (variables: Variables) => number;

/** For a list that says nothing of its length: no such list of the API is longer for long. */
const PLAIN_LIST = 10;
const PAGE = { usual: 50, most: 100 } as const;
/** A change writes rows, an event and an index or ten. */
const CHANGE = 10;
/** The whole of it, however much is asked for; graphql-js bounds its depth. */
const INTROSPECTION = 50;

interface Scope {
  variables: Variables;
  /** How long the page is whose `nodes` and `edges` stand here. */
  page: number;
  /** So that fragments within fragments within fragments are counted once each. */
  fragments: Map<FragmentDefinitionNode, Map<number, number>>;
}

type Cost = (scope: Scope) => number;

const prices = new WeakMap<DocumentNode, Map<string, Price>>();

/**
 * The price of a document's operation: each object that it may answer with is a point, so pages multiply what is asked
 * of their objects; each count is one, each thing that is changed ten; scalars are free. The document has been validated.
 */
export function priceOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Price {
  const known = prices.get(document)?.get(operationName ?? '');
  if (known) return known;
  const price = compile(schema, document, operationName);
  const ofDocument = prices.get(document) ?? new Map<string, Price>();
  prices.set(document, ofDocument.set(operationName ?? '', price));
  return price;
}

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Price {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!root) return () => 0;
  const fragments = new Map<string, { node: FragmentDefinitionNode; cost: Cost }>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const type = schema.getType(definition.typeCondition.name.value);
    let cost: Cost | undefined;
    fragments.set(definition.name.value, {
      node: definition,
      // Not before all fragments are known.
      cost: (scope) =>
        (cost ??= isCompositeType(type) ? costOf(definition.selectionSet, type) : () => 0)(scope),
    });
  }

  function costOf(selectionSet: SelectionSetNode, parent: GraphQLCompositeType): Cost {
    const costs = selectionSet.selections.map((selection): Cost => {
      if (selection.kind === Kind.FIELD) return costOfField(selection, parent);
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
        return isCompositeType(type) ? costOf(selection.selectionSet, type) : () => 0;
      }
      const fragment = fragments.get(selection.name.value);
      return fragment ? (scope) => once(fragment, scope) : () => 0;
    });
    return (scope) => costs.reduce((sum, cost) => sum + cost(scope), 0);
  }

  function costOfField(node: FieldNode, parent: GraphQLCompositeType): Cost {
    const name = node.name.value;
    if (name === '__schema' || name === '__type') return () => INTROSPECTION;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    const type = field && getNamedType(field.type);
    if (!type || !isCompositeType(type) || !node.selectionSet) return () => (name === 'totalCount' ? 1 : 0);
    const inner = costOf(node.selectionSet, type);
    if (parent === schema.getMutationType()) {
      const changes = changesOf(node, field.args);
      return (scope) => {
        const count = changes(scope.variables);
        // Its payload lists what has changed, and such a list is reckoned with its usual length.
        return count * CHANGE + Math.max(1, count / PLAIN_LIST) * (1 + inner(scope));
      };
    }
    const size = sizeOf(node, field.args);
    if (type.name.endsWith('Connection')) {
      return (scope) => 1 + inner({ ...scope, page: clamp(size(scope.variables) ?? PAGE.usual) });
    }
    const isPage = parent.name.endsWith('Connection') && (name === 'nodes' || name === 'edges');
    if (isPage) return (scope) => scope.page * (1 + inner(scope));
    const isList = isListType(getNullableType(field.type));
    return (scope) => {
      const length = isList ? (size(scope.variables) ?? PLAIN_LIST) : 1;
      return Math.max(1, length) * (1 + inner(scope));
    };
  }

  const total = costOf(operation.selectionSet, root);
  return (variables) => total({ variables, page: PAGE.usual, fragments: new Map() });
}

function once({ node, cost }: { node: FragmentDefinitionNode; cost: Cost }, scope: Scope): number {
  const known = scope.fragments.get(node) ?? new Map<number, number>();
  scope.fragments.set(node, known);
  const before = known.get(scope.page);
  if (before !== undefined) return before;
  const found = cost(scope);
  known.set(scope.page, found);
  return found;
}

/** What the arguments say of a list's length. */
function sizeOf(
  node: FieldNode,
  args: readonly GraphQLArgument[],
): (variables: Variables) => number | undefined {
  const given = ['first', 'last', 'ids'].flatMap(
    (name) => node.arguments?.find((argument) => argument.name.value === name)?.value ?? [],
  );
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- Pothos does not fill what is to replace it yet
  const preset = args.find(({ name }) => name === 'first')?.defaultValue;
  const usual = typeof preset === 'number' ? preset : undefined;
  return (variables) => {
    const sizes = given.map((value) => lengthOf(value, variables)).filter((size) => size !== undefined);
    return sizes.length > 0 ? Math.max(...sizes) : usual;
  };
}

function lengthOf(value: ValueNode, variables: Variables): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.LIST) return value.values.length;
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
  if (Array.isArray(given)) return given.length;
  return typeof given === 'number' ? given : undefined;
}

/** How many things a mutation changes: as many as the longest list of objects in its input has, or one. */
function changesOf(node: FieldNode, args: readonly GraphQLArgument[]): (variables: Variables) => number {
  const given = node.arguments?.find(({ name }) => name.value === 'input')?.value;
  const input = args.find(({ name }) => name === 'input')?.type;
  const type = input && getNamedType(input);
  const lists: string[] = [];
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields()))
      if (isListType(getNullableType(field.type)) && isInputObjectType(getNamedType(field.type)))
        lists.push(field.name);
  }
  if (!given || lists.length === 0) return () => 1;
  return (variables) => Math.max(1, ...lists.map((name) => lengthWithin(given, name, variables) ?? 1));
}

function lengthWithin(value: ValueNode, name: string, variables: Variables): number | undefined {
  if (value.kind === Kind.OBJECT) {
    const field = value.fields.find((one) => one.name.value === name);
    return field && lengthOf(field.value, variables);
  }
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
  const list = (given as Variables | null | undefined)?.[name];
  return Array.isArray(list) ? list.length : undefined;
}

function clamp(size: number): number {
  return Math.min(PAGE.most, Math.max(1, size));
}
