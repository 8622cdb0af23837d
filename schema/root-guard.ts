import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import { Forbidden, NotFound } from '../server/errors.ts';
import { recordRefusal } from '../server/events/refusal.ts';
import type { Context } from './context.ts';

/**
 * Root fields are for signed-in people unless they say `public: true`. Reading fields get the viewer with all
 * their rights before they run; changing fields after, for rights may have changed with the change. Refused access
 * is recorded here and nowhere further in: only root fields take ids and change things; what lies below them shows
 * the viewer what they may see, and nothing in place of the rest.
 */
class RootGuard<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (field.kind !== 'Query' && field.kind !== 'Mutation') return resolve;
    if ((field.pothosOptions as { public?: boolean }).public) return resolve;
    const changes = field.kind === 'Mutation';
    return async (root, args, context, info) => {
      const guarded = context as unknown as Context;
      try {
        if (!changes) await guarded.enter();
        else requireWriting(guarded);
        const result: unknown = await resolve(root, args, context, info);
        if (changes) await guarded.enterAgain();
        if (isMissingNode(field.name, result)) {
          const missing = { code: 'NOT_FOUND', subjectId: undefined } as const;
          await recordRefusal(guarded.db, guarded.person, missing, field.name);
        }
        return result;
      } catch (error) {
        if (error instanceof Forbidden || error instanceof NotFound) {
          await recordRefusal(guarded.db, guarded.person, error, field.name);
        }
        throw error;
      }
    };
  }
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
