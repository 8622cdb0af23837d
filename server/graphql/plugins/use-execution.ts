import type { Plugin } from 'graphql-yoga';
import type { Execute } from '../execution/execute.ts';

/** Has Yoga run operations like this, on whatever transport. */
export function useExecution(execute: Execute): Plugin {
  return {
    onExecute({ setExecuteFn }) {
      setExecuteFn(execute as (args: unknown) => unknown);
    },
  };
}
