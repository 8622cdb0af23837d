// Removes all measuring of operations, resolvers and statements from Taskwire, to compare the cost of tracing. Taskwire has
// no such setting: with a sample rate of 0 it still times operations and statements.
import { registerHooks } from 'node:module';
import { PerformanceStore } from '../../../server/observability/store.ts';

/** Replaces two exports and keeps the others. */
const UNTRACED = `
  export * from './tracing.ts?traced';
  export const tracing = () => ({});
  export const measured = (store, sampleRate, execute) => execute;`;

registerHooks({
  load: (url, context, next) =>
    url.endsWith('/server/graphql/plugins/use-tracing.ts')
      ? { format: 'module', source: UNTRACED, shortCircuit: true }
      : next(url, context),
});

const ended = () => undefined;
PerformanceStore.prototype.statementStarted = () => ended;
