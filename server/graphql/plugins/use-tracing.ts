import {
  isObjectType,
  Kind,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { Unauthenticated } from '../../errors.ts';
import type { PerformanceStore } from '../../observability/store.ts';
import { currentRequest, type RequestTrace } from '../../request-context.ts';
import type { Execute } from '../execution/execute.ts';

const LONGEST_NAME = 80;

export function useTracing(): Plugin<Context> {
  return {
    onSchemaChange({ schema }) {
      measureResolvers(schema as GraphQLSchema);
    },
    onParse() {
      return ended('parse');
    },
    onValidate() {
      return ended('validate');
    },
  };
}

/** Measures each operation, and the resolvers of a sample. @param sampleRate from 0 to 1. */
export function withTracing(store: PerformanceStore, sampleRate: number, execute: Execute): Execute {
  const every = sampleRate > 0 ? Math.round(1 / sampleRate) : Infinity;
  let operations = 0;
  return (args) => {
    const request = currentRequest();
    if (!request) return execute(args);
    const { name, firstField } = namesOf(args.document, args.operationName);
    request.operation = name;
    request.countedAs = store.nameOf(name, firstField, userIdOf(args.contextValue as Context));
    operations += 1;
    if (operations % every === 0) (args.contextValue as Measured).measuredBy = store;
    const startedAt = performance.now();
    const done = () => {
      const endedAt = performance.now();
      request.execute += endedAt - startedAt;
      store.operationEnded(request, endedAt);
    };
    const result = execute(args);
    // Registered before other listeners of the result, so it needs no additional promise.
    if (result instanceof Promise) result.then(done, done);
    else done();
    return result;
  };
}

function ended(phase: 'parse' | 'validate'): (() => void) | undefined {
  const request: RequestTrace | undefined = currentRequest();
  if (!request) return undefined;
  const startedAt = performance.now();
  return () => {
    request[phase] += performance.now() - startedAt;
  };
}

interface Measured {
  measuredBy?: PerformanceStore;
}

/** Whether resolvers are measured, and so must be called for all fields. */
export function isMeasured(context: unknown): boolean {
  return (context as Measured | undefined)?.measuredBy !== undefined;
}

const measurable = new WeakSet<GraphQLSchema>();

/** Once per schema. For operations outside the sample, it costs one property lookup. */
function measureResolvers(schema: GraphQLSchema): void {
  if (measurable.has(schema)) return;
  measurable.add(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (resolve) field.resolve = measuring(`${type.name}.${field.name}`, resolve);
    }
  }
}

function measuring(
  field: string,
  resolve: GraphQLFieldResolver<unknown, Measured>,
): GraphQLFieldResolver<unknown, Measured> {
  return (source, args, context, info) => {
    const store = context.measuredBy;
    if (!store) return resolve(source, args, context, info);
    const startedAt = performance.now();
    const done = () => {
      store.fieldResolved(field, performance.now() - startedAt);
    };
    const result = resolve(source, args, context, info);
    if (result instanceof Promise) result.then(done, done);
    else done();
    return result;
  };
}

interface Names {
  /** Operation name or root fields, never argument values. */
  name: string;
  /** The first root field; their number is bounded by the schema. */
  firstField: string;
}

const names = new WeakMap<OperationDefinitionNode, Names>();

function namesOf(document: DocumentNode, chosen: string | null | undefined): Names {
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION && (!chosen || definition.name?.value === chosen),
  );
  const known = operation && names.get(operation);
  if (known) return known;
  const fields = (operation?.selectionSet.selections ?? []).map((selection) =>
    selection.kind === Kind.FIELD ? selection.name.value : '…',
  );
  const found = {
    name: (operation?.name?.value ?? `{ ${fields.join(' ')} }`).slice(0, LONGEST_NAME),
    firstField: `{ ${fields[0] ?? '…'} }`,
  };
  if (operation) names.set(operation, found);
  return found;
}

function userIdOf(context: Context): string | undefined {
  try {
    return context.person.userId;
  } catch (error) {
    if (error instanceof Unauthenticated) return undefined;
    throw error;
  }
}
