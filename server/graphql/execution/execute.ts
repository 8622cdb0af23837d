import type { ExecutionArgs, ExecutionResult } from 'graphql';

export type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;
