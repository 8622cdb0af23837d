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

/** Measures how long documents take to read, and lets resolvers be measured. */
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

/**
 * Measures each operation that `execute` runs, and the resolvers of one operation in so many.
 * @param sampleRate the share of operations, of 1, whose resolvers are measured.
 */
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
    // It hears of the end ahead of whoever waits for the result, who need not wait for one promise more.
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

/** Whether an operation's resolvers are measured, and have to be asked for all that they can be asked for. */
export function isMeasured(context: unknown): boolean {
  return (context as Measured | undefined)?.measuredBy !== undefined;
}

const measurable = new WeakSet<GraphQLSchema>();

/** Once for each schema, whoever serves it: that an operation is not among the measured costs a look at its context. */
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
  /** Its own name, or where it has none its root fields: never anything of its arguments. */
  name: string;
  /** The first of its root fields, which the schema bounds in number. */
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
