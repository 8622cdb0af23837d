import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The slowest files, the slowest first. The size of a file says nothing about it. */
const LONG = [
  'ops/drills',
  'schema/plans',
  'schema/hostile',
  'ops/restore',
  'schema/matrix',
  'dashboard-walk',
];

/** Starts slow files first, so that none of them runs alone at the end. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.includes(name));
      return place === -1 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
