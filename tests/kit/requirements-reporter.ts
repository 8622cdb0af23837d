import { globSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Reporter, SerializedError, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { notBuiltYet, requirements } from '../requirements.ts';
import { pageOf, unknownIds, verdictsOn, type Outcome } from './proofs.ts';

interface Options {
  /** The directory that contains `tests/`. */
  root?: string;
  requirements?: Readonly<Record<string, string>>;
  notBuiltYet?: Readonly<Record<string, string>>;
}

/**
 * At the end of a run of all tests: fails it if a requirement has no passing test, and writes tests/.output/requirements.md,
 * which lists each test by requirement. A run of some files, or of some tests, does nothing.
 */
export default class RequirementsReporter implements Reporter {
  readonly #root: string;
  readonly #requirements: Readonly<Record<string, string>>;
  readonly #notBuiltYet: Readonly<Record<string, string>>;
  #vitest: Vitest | undefined;

  constructor(options: Options = {}) {
    this.#root = options.root ?? join(import.meta.dirname, '../..');
    this.#requirements = options.requirements ?? requirements;
    this.#notBuiltYet = options.notBuiltYet ?? notBuiltYet;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    _errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    if (!this.#isWhole(modules) || reason === 'interrupted') return;
    const outcomes = modules.flatMap((module) => outcomesIn(module, this.#root));
    const verdicts = verdictsOn(this.#requirements, this.#notBuiltYet, outcomes);
    const complaints = [
      ...verdicts
        .filter(({ state }) => state === 'unproven')
        .map(({ id, requirement }) => `${id} has no passing test: ${requirement}`),
      ...unknownIds(this.#requirements, outcomes).map(
        (id) => `${id} is in a title, but not in tests/requirements.ts`,
      ),
    ];
    const leftOut = verdicts.filter(({ state }) => state === 'left out').map(({ id }) => id);
    if (leftOut.length > 0) {
      console.log(`▸ Without the services that their tests need, not shown: ${leftOut.join(', ')}.`);
      // If the service is configured, no test has a reason to be skipped.
      if (process.env['TEST_REDIS_URL']) complaints.push(`Every test is skipped of ${leftOut.join(', ')}`);
    }
    const output = join(this.#root, 'tests/.output');
    await mkdir(output, { recursive: true });
    await writeFile(join(output, 'requirements.md'), pageOf(verdicts));
    if (complaints.length === 0) return;
    console.error(`\nRequirements:\n${complaints.map((complaint) => `✗ ${complaint}`).join('\n')}\n`);
    process.exitCode = 1;
  }

  #isWhole(modules: readonly TestModule[]): boolean {
    if (this.#vitest?.config.testNamePattern) return false;
    const ran = new Set(modules.map(({ moduleId }) => relative(this.#root, moduleId)));
    return globSync('tests/**/*.test.ts', { cwd: this.#root }).every((file) => ran.has(file));
  }
}

function outcomesIn(module: TestModule, root: string): Outcome[] {
  const file = relative(root, module.moduleId);
  return [...module.children.allTests()].map((test) => {
    const titles = [test.name];
    for (let group = test.parent; group.type === 'suite'; group = group.parent) titles.unshift(group.name);
    const { state } = test.result();
    return { file, titles, line: test.location?.line ?? 0, state: state === 'pending' ? 'skipped' : state };
  });
}
