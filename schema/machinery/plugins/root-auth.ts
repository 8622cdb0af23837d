import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core';
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { askForApproval } from '../../../server/domain/approval-request.ts';
import { verbNamed } from '../../../server/domain/approval-verbs.ts';
import { Forbidden, LimitedToTeams, NotFound } from '../../../server/errors.ts';
import type { Context } from '../../../server/graphql/context.ts';
import { through } from '../../../server/log/source.ts';
import { depthOf } from '../selection.ts';
import { WITHIN_TEAMS } from '../team-limits.ts';

/**
 * Root fields require a signed-in viewer unless they are `public`. Queries load the viewer's rights before
 * they run, mutations afterwards since they can change them, subscriptions at the start and after each event
 * that changes them. Refused access is recorded here only: fields below the root leave out objects that the
 * viewer cannot see.
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
      requireWithin(context, field.name);
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
      requireWithin(context, field.name);
      if (!changes) await context.enter();
      else requireWriting(context);
      const change = async (): Promise<unknown> =>
        (await approvedEarlier(context, field.name, call[1])) ?? resolve(...call);
      const result: unknown = changes
        ? await through(await context.source(), change)
        : await resolve(...call);
      if (changes && !isAtHand(result, call[3])) await context.enterAgain();
      if (isMissingNode(field.name, result)) {
        await recordRefusal(context, { code: 'NOT_FOUND', subjectId: undefined }, field.name);
      }
      return result;
    });
  }
}

function isPublic<Types extends SchemaTypes>({ pothosOptions }: PothosOutputFieldConfig<Types>): boolean {
  return (pothosOptions as { public?: boolean }).public ?? false;
}

type Resolve<Given> = GraphQLFieldResolver<unknown, Given, object>;

/** Records refused access of a root field. */
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
        await recordRefusal(context, error, field);
      }
      throw error;
    }
  };
}

async function recordRefusal(
  context: Context,
  refusal: Pick<Forbidden | NotFound, 'code' | 'subjectId'>,
  operation: string,
): Promise<void> {
  const { accessAudit } = context.authServices;
  await through(await context.source(), () => accessAudit.record(context.person, refusal, operation));
}

/** Whether the response needs only the result of the domain function, so that no rights have to be loaded. */
function isAtHand(result: unknown, info: GraphQLResolveInfo): boolean {
  return (result as { task?: unknown }).task !== undefined && depthOf(info) <= 2;
}

/**
 * Relay's fields return null instead of an error, and must be recorded too: they can be used to guess ids.
 */
function isMissingNode(field: string, result: unknown): boolean {
  if (field === 'node') return result == null;
  return field === 'nodes' && Array.isArray(result) && result.some((node) => node == null);
}

/**
 * Agents need an approval for some changes (BR-13). Null if the change can be made.
 * @throws ConfirmationRequired
 */
async function approvedEarlier(context: Context, verb: string, args: unknown) {
  const { person, db, authServices } = context;
  const isAgent = person.resource !== null || context.resource !== 'GRAPHQL';
  if (!isAgent || !verbNamed(verb)) return null;
  const { tokenId, through: kind } = person;
  if (tokenId === null || kind === null) throw new TypeError('Agents have a token');
  const { input } = args as { input: Record<string, unknown> };
  const { invitationLimits, origins } = authServices;
  const services = { invitationLimits, origin: origins.own };
  return askForApproval(db, { ...person, tokenId, through: kind }, { verb, input }, services);
}

function requireWithin({ person }: Context, field: string): void {
  if (person.limit && !WITHIN_TEAMS.has(field)) throw new LimitedToTeams();
}

function requireWriting({ person }: Context): void {
  if (person.mayWrite) return;
  throw new Forbidden('This token is read-only. Create a token with the scope WRITE to make changes.');
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
      /** Whether the mutation works without a signed-in viewer. */
      public?: boolean;
    }
    export interface QueryFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      /** Whether the query works without a signed-in viewer. */
      public?: boolean;
    }
  }
}

SchemaBuilder.registerPlugin('rootGuard', RootGuard);
