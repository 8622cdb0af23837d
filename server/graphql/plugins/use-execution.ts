import type { Plugin } from 'graphql-yoga';
import type { Execute } from '../execution/execute.ts';

export function useExecution(execute: Execute): Plugin {
  return {
    onExecute({ setExecuteFn }) {
      setExecuteFn(execute as (args: unknown) => unknown);
    },
  };
}
