import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core';
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { Forbidden, NotFound } from '../../../server/errors.ts';
import type { Context } from '../../../server/graphql/context.ts';
import { depthOf } from '../selection.ts';

/**
 * Root fields are for signed-in people unless they say `public: true`. Reading fields get the viewer with all
 * their rights before they run; changing fields after, for rights may have changed with the change; subscriptions when they begin, and again with each
 * event that changes them. Refused access
 * is recorded here and nowhere further in: only root fields take ids and change things; what lies below them shows
 * the viewer what they may see, and nothing in place of the rest.
 */
class RootGuard<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    return isPublic(field) ? { ...field, extensions: { ...field.extensions, isPublic: true } } : field;
  }

  override wrapSubscribe(
    subscribe: GraphQLFieldResolver<unknown, Types['Context'], object> | undefined,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> | undefined {
    if (field.kind !== 'Subscription' || !subscribe) return subscribe;
    return guarded(field.name, async (context, ...call) => {
      await context.enter();
      return subscribe(...call);
    });
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (field.kind !== 'Query' && field.kind !== 'Mutation') return resolve;
    if (isPublic(field)) return resolve;
    const changes = field.kind === 'Mutation';
    return guarded(field.name, async (context, ...call) => {
      if (!changes) await context.enter();
      else requireWriting(context);
      const result: unknown = await resolve(...call);
      if (changes && !isAtHand(result, call[3])) await context.enterAgain();
      if (isMissingNode(field.name, result)) {
        const missing = { code: 'NOT_FOUND', subjectId: undefined } as const;
        await context.authServices.accessAudit.record(context.person, missing, field.name);
      }
      return result;
    });
  }
}

function isPublic<Types extends SchemaTypes>({ pothosOptions }: PothosOutputFieldConfig<Types>): boolean {
  return (pothosOptions as { public?: boolean }).public ?? false;
}

type Resolve<Given> = GraphQLFieldResolver<unknown, Given, object>;

/** Runs what a root field does, and records refused access. */
function guarded<Given>(
  field: string,
  work: (context: Context, ...call: Parameters<Resolve<Given>>) => Promise<unknown>,
): Resolve<Given> {
  return async (...call) => {
    const context = call[2] as unknown as Context;
    try {
      return await work(context, ...call);
    } catch (error) {
      if (error instanceof Forbidden || error instanceof NotFound) {
        await context.authServices.accessAudit.record(context.person, error, field);
      }
      throw error;
    }
  };
}

/** Whether an answer is made of what a verb has handed back, so that no rights have to be read for it. */
function isAtHand(result: unknown, info: GraphQLResolveInfo): boolean {
  return (result as { task?: unknown }).task !== undefined && depthOf(info) <= 2;
}

/** Relay's own fields answer null where others refuse, and must not be the unseen way for those who guess. */
function isMissingNode(field: string, result: unknown): boolean {
  if (field === 'node') return result == null;
  return field === 'nodes' && Array.isArray(result) && result.some((node) => node == null);
}

function requireWriting({ person }: Context): void {
  if (person.mayWrite) return;
  throw new Forbidden('This token may only read; make one with the scope WRITE to change things.');
}

declare global {
  /* eslint-disable @typescript-eslint/no-namespace, @typescript-eslint/no-unused-vars -- how Pothos lets plugins add options:
     the parameters must be those of its own declaration */
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      rootGuard: RootGuard<Types>;
    }
    export interface MutationFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      /** Whether it works without a signed-in viewer. */
      public?: boolean;
    }
  }
}

SchemaBuilder.registerPlugin('rootGuard', RootGuard);
