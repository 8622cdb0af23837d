/** The result of one test, with the names of the test and its groups, the outermost first. */
export interface Outcome {
  file: string;
  titles: readonly string[];
  /** The position in the file; the tests of one table share it. */
  line: number;
  state: 'passed' | 'failed' | 'skipped';
}

/** A test, a table of tests, or a group of tests with a requirement's id. */
interface Proof {
  file: string;
  title: string;
  tests: number;
  passed: number;
  failed: number;
}

export interface Verdict {
  id: string;
  requirement: string;
  /** What is not built yet. */
  missing: string | undefined;
  proofs: Proof[];
  state: 'proven' | 'in part' | 'not built' | 'left out' | 'unproven';
}

const IDS = /\[((?:FR|SC|BR)-\d{2,3}|T\d{3})\] ?/g;

/** Every requirement with the tests that name it, and its verdict. */
export function verdictsOn(
  requirements: Readonly<Record<string, string>>,
  notBuiltYet: Readonly<Record<string, string | undefined>>,
  outcomes: readonly Outcome[],
): Verdict[] {
  const proofs = proofsIn(outcomes);
  return Object.entries(requirements).map(([id, requirement]) => {
    const mine = [...(proofs.get(id)?.values() ?? [])].sort(byPlace);
    const missing = notBuiltYet[id];
    return { id, requirement, missing, proofs: mine, state: stateOf(mine, missing) };
  });
}

/** Ids in titles that are no requirement, such as typos. */
export function unknownIds(
  requirements: Readonly<Record<string, string>>,
  outcomes: readonly Outcome[],
): string[] {
  return [...proofsIn(outcomes).keys()].filter((id) => !(id in requirements)).sort();
}

function stateOf(proofs: Proof[], missing: string | undefined): Verdict['state'] {
  const passes = proofs.some(({ passed }) => passed > 0) && proofs.every(({ failed }) => failed === 0);
  if (missing !== undefined) return passes ? 'in part' : 'not built';
  if (passes) return 'proven';
  // Its tests need a service that is not available in this run.
  return proofs.length > 0 && proofs.every(({ failed }) => failed === 0) ? 'left out' : 'unproven';
}

/** By id, and then by position. */
function proofsIn(outcomes: readonly Outcome[]): Map<string, Map<string, Proof>> {
  const found = new Map<string, Map<string, Proof>>();
  for (const { file, titles, line, state } of outcomes) {
    for (const id of new Set(titles.flatMap((title) => [...title.matchAll(IDS)].map(([, id = '']) => id)))) {
      const depth = titles.findIndex((title) => title.includes(`[${id}]`));
      const isTest = depth === titles.length - 1;
      const title = titles
        .slice(0, depth + 1)
        .map(plain)
        .join(' › ');
      const place = `${file}\0${isTest ? String(line) : title}`;
      const proofs = found.get(id) ?? new Map<string, Proof>();
      const proof = proofs.get(place) ?? { file, title, tests: 0, passed: 0, failed: 0 };
      proof.tests += 1;
      if (state === 'passed') proof.passed += 1;
      if (state === 'failed') proof.failed += 1;
      found.set(id, proofs.set(place, proof));
    }
  }
  return found;
}

function plain(title: string): string {
  return title.replaceAll(IDS, '').trim();
}

function byPlace(one: Proof, other: Proof): number {
  return one.file.localeCompare(other.file, 'en') || one.title.localeCompare(other.title, 'en');
}

/** The verdicts as Markdown, the same for the same tests on every machine. */
export function pageOf(verdicts: readonly Verdict[]): string {
  return `${[
    '# Requirements',
    '',
    'What Taskwire guarantees, and the tests that proved it in this run.',
    '',
    '| Id | Requirement | Result |',
    '| --- | --- | --- |',
    ...verdicts.map(
      (verdict) =>
        `| ${verdict.proofs.length > 0 ? `[${verdict.id}](#${verdict.id.toLowerCase()})` : verdict.id} | ${verdict.requirement} | ${resultOf(verdict)} |`,
    ),
    '',
    '## The tests',
    ...verdicts.filter(({ proofs }) => proofs.length > 0).flatMap(sectionOf),
  ].join('\n')}\n`;
}

function resultOf({ proofs, missing, state }: Verdict): string {
  const tests = counted(proofs.reduce((sum, proof) => sum + proof.tests, 0));
  if (state === 'not built') return `not built yet: ${missing ?? ''}`;
  if (state === 'in part') return `${tests} passed; not built yet: ${missing ?? ''}`;
  return `${tests} passed`;
}

function sectionOf({ id, requirement, proofs }: Verdict): string[] {
  const files = new Set(proofs.map(({ file }) => file));
  return [
    '',
    `### ${id}`,
    '',
    requirement,
    ...[...files].flatMap((file) => [
      '',
      `[${file}](../../${file})`,
      '',
      ...proofs
        .filter((proof) => proof.file === file)
        .map(({ title, tests }) => `- ${escaped(title)}${tests > 1 ? ` (${counted(tests)})` : ''}`),
    ]),
  ];
}

function counted(tests: number): string {
  return tests === 1 ? '1 test' : `${String(tests)} tests`;
}

function escaped(title: string): string {
  return title.replaceAll(/[\\`*_<>[\]|~]/g, String.raw`\$&`);
}
