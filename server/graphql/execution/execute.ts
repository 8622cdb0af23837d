import type { ExecutionArgs, ExecutionResult } from 'graphql';

/** Runs an operation of a valid document. */
export type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;
