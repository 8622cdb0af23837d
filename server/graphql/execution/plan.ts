import {
  defaultFieldResolver,
  getArgumentValues,
  getOperationAST,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { FromRow } from '../../sql/raw-row.ts';

export type Variables = NonNullable<Parameters<typeof getArgumentValues>[2]>;

/** The properties of a type that execution depends on. */
export type Shape = { nullable: boolean } & (
  | { kind: 'leaf'; type: GraphQLLeafType }
  | { kind: 'list'; item: Shape }
  | { kind: 'object'; type: GraphQLObjectType }
  | { kind: 'abstract'; type: GraphQLAbstractType }
);

/** The selected fields of an object. */
export interface Selection {
  readonly steps: readonly Step[];
  /** Whether a row has all of them. */
  readonly isOfRow: boolean;
}

/** A selected field. */
export class Step {
  readonly key: string;
  /** The JSON before the value. */
  readonly head: string;
  readonly nodes: FieldNode[];
  readonly parent: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly shape: Shape;
  readonly fromRow: FromRow | undefined;
  readonly plan: Plan;
  readonly #below = new Map<GraphQLObjectType, Selection>();

  constructor(
    plan: Plan,
    isFirst: boolean,
    key: string,
    nodes: FieldNode[],
    parent: GraphQLObjectType,
    field: Step['field'],
  ) {
    this.plan = plan;
    this.key = key;
    this.head = `${isFirst ? '{' : ','}${JSON.stringify(key)}:`;
    this.nodes = nodes;
    this.parent = parent;
    this.field = field;
    this.resolve = field.resolve ?? defaultFieldResolver;
    this.shape = shapeOf(field.type);
    const isOfRow = field.args.length === 0 && (this.shape.kind === 'leaf' || this.shape.kind === 'object');
    this.fromRow = isOfRow ? (field.extensions['fromRow'] as FromRow | undefined) : undefined;
  }

  argumentsFor(variables: Variables): Record<string, unknown> {
    const [node] = this.nodes;
    return node && this.field.args.length > 0 ? getArgumentValues(this.field, node, variables) : {};
  }

  /** The selection for this object type. */
  below(type: GraphQLObjectType): Selection {
    let selection = this.#below.get(type);
    if (!selection) {
      const sets = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      selection = this.plan.selectionOf(type, sets);
      this.#below.set(type, selection);
    }
    return selection;
  }
}

/** The selections of a query, collected once per document and on demand. */
export class Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode> = {};
  readonly root: Selection;

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    root: GraphQLObjectType,
  ) {
    this.schema = schema;
    this.operation = operation;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments[definition.name.value] = definition;
    this.root = this.selectionOf(root, [operation.selectionSet]);
  }

  selectionOf(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Selection {
    const nodesByKey = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    const gather = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const nodes = nodesByKey.get(key);
          if (nodes) nodes.push(selection);
          else nodesByKey.set(key, [selection]);
          continue;
        }
        const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined;
        if (name !== undefined && seen.has(name)) continue;
        if (name !== undefined) seen.add(name);
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments[selection.name.value] : selection;
        if (fragment && this.#applies(fragment.typeCondition?.name.value, type))
          gather(fragment.selectionSet);
      }
    };
    selectionSets.forEach(gather);
    const steps: Step[] = [];
    for (const [key, nodes] of nodesByKey) {
      const field = this.schema.getField(type, nodes[0]?.name.value ?? '');
      if (field) steps.push(new Step(this, steps.length === 0, key, nodes, type, field));
    }
    return { steps, isOfRow: !type.isTypeOf && steps.every(({ fromRow }) => fromRow) };
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const conditional = this.schema.getType(condition);
    return isAbstractType(conditional) && this.schema.isSubType(conditional, type);
  }
}

interface Known {
  schema: GraphQLSchema;
  document: DocumentNode;
  plan: Plan | null;
}

const plans = new WeakMap<OperationDefinitionNode, Known>();

/** Null if the operation is not a query, or has directives, which depend on variables. */
export function planOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Plan | null {
  const operation = getOperationAST(document, operationName);
  const root = schema.getQueryType();
  if (operation?.operation !== OperationTypeNode.QUERY || !root) return null;
  const known = plans.get(operation);
  if (known?.schema === schema && known.document === document) return known.plan;
  const plan = isPlain(document) ? new Plan(schema, document, operation, root) : null;
  plans.set(operation, { schema, document, plan });
  return plan;
}

function isPlain(document: DocumentNode): boolean {
  let plain = true;
  visit(document, {
    Directive() {
      plain = false;
    },
    Field({ alias }) {
      // `__proto__` would not become a property.
      if (alias?.value === '__proto__') plain = false;
    },
  });
  return plain;
}

function shapeOf(type: GraphQLOutputType): Shape {
  if (isNonNullType(type)) return { ...shapeOf(type.ofType), nullable: false };
  if (isListType(type)) return { nullable: true, kind: 'list', item: shapeOf(type.ofType) };
  if (isLeafType(type)) return { nullable: true, kind: 'leaf', type };
  if (isObjectType(type)) return { nullable: true, kind: 'object', type };
  return { nullable: true, kind: 'abstract', type };
}
