import { configDefaults, defineConfig } from 'vitest/config';
import { LongFirst } from './tests/kit/long-first.ts';

export default defineConfig({
  test: {
    globalSetup: 'tests/kit/run.ts',
    reporters: [...configDefaults.reporters, './tests/kit/requirements-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A second, which is usual, is not long where two cores have other work.
    expect: { poll: { timeout: 15_000 } },
    // By its line a table of tests is known as one.
    includeTaskLocation: true,
    sequence: { sequencer: LongFirst },
    // Real sockets, browsers and deadlines share two cores of a machine that has other work: once more, and the report
    // names it. At a desk a test that does not hold is to be seen at once.
    retry: Number(process.env['TEST_RETRY'] ?? 0),
    // Node itself loads the code, as it does when the server runs: one copy of graphql, import.meta as it is.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        test: {
          name: 'server',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/{e2e,ops}/**'],
          // Loading the server for each file takes longer than most files run. Each file must stop what it starts.
          isolate: false,
          sequence: { groupOrder: 1 },
          maxWorkers: '100%',
        },
      },
      {
        extends: true,
        test: {
          name: 'ops',
          include: ['tests/ops/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: '100%',
        },
      },
      {
        extends: true,
        test: {
          // What people follow is the same whichever process they and the writers come upon.
          name: 'two processes',
          include: [
            'tests/schema/{event-subscription,message-subscription,task-subscription,dashboard-subscription,credential-subscription,server-sent-events}.test.ts',
          ],
          env: { TEST_WORKERS: '2' },
          sequence: { groupOrder: 1 },
          maxWorkers: '100%',
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          // To load the server for each file takes longer than some of them run.
          isolate: false,
          // After the others: a browser, its server and PostgreSQL keep a core busy.
          sequence: { groupOrder: 2 },
          maxWorkers: '100%',
        },
      },
    ],
  },
});
