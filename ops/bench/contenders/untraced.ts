// Loaded ahead of Taskwire, this takes out all that measures operations, resolvers and statements: the other side of
// what tracing costs. The product itself has no such switch: at rate 0 it still times operations and statements.
import { registerHooks } from 'node:module';
import { PerformanceStore } from '../../../server/observability/store.ts';

/** What else the module exports, it exports as ever. */
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
