import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, the longest first; how large a file is says nothing of that. */
const LONG = [
  'ops/drills',
  'schema/plans',
  'schema/hostile',
  'ops/restore',
  'schema/matrix',
  'dashboard-walk',
];

/** Begins what takes long ahead of the rest, so that it does not run on alone when all others are done. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.includes(name));
      return place === -1 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
