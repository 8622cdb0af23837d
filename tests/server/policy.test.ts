import { beforeAll, describe, expect, test } from 'vitest';
import type { SharePermission } from '../../prisma/generated/client/client.ts';
import { uuidOf } from '../../server/ids.ts';
import { can, liveShares, visible, type TaskAction, type Viewer } from '../../server/policy.ts';
import { share } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people } = world;

const actions: TaskAction[] = ['edit', 'delete', 'share'];
const HOUR = 3_600_000;

/** What each relation to a task gives: whether it is seen, and what may be done with it. */
const relations: Record<string, { seen: boolean; may: TaskAction[] }> = {
  'its owner': { seen: true, may: ['edit', 'delete', 'share'] },
  'somebody with a VIEW share': { seen: true, may: [] },
  'somebody with an EDIT share': { seen: true, may: ['edit'] },
  'somebody with an EDIT share that ends later': { seen: true, may: ['edit'] },
  'somebody with an EDIT share that has ended': { seen: false, may: [] },
  'somebody with another task of the owner': { seen: false, may: [] },
  'a stranger': { seen: false, may: [] },
};

describe('[FR-009] [BR-05] [BR-08] what a viewer sees of a task, and may do with it', () => {
  let task: string;
  const viewers = new Map<string, Viewer>();

  beforeAll(async () => {
    const { owner, vic, ed, eli, ella, otto, sam } = await people(
      ...(['Owner', 'Vic', 'Ed', 'Eli', 'Ella', 'Otto', 'Sam'] as const),
    );
    const id = await owner.createTask('Tea');
    const other = await owner.createTask('Coffee');
    task = uuidOf('Task', id);
    const give = (to: Person, permission: SharePermission, endsIn?: number) =>
      share(world, id, {
        from: owner,
        to,
        permission,
        ...(endsIn === undefined ? {} : { expiresAt: new Date(Date.now() + endsIn) }),
      });
    await give(vic, 'VIEW');
    await give(ed, 'EDIT');
    await give(eli, 'EDIT', HOUR);
    await give(ella, 'EDIT', -1);
    await share(world, other, { from: owner, to: otto, permission: 'EDIT' });
    const everybody = [owner, vic, ed, eli, ella, otto, sam];
    Object.keys(relations).forEach((relation, n) =>
      viewers.set(relation, { userId: uuidOf('User', everybody[n]?.id ?? '') }),
    );
  });

  test.each(Object.entries(relations))('%s: %j', async (relation, { seen, may }) => {
    const viewer = viewers.get(relation) ?? { userId: '' };
    const found = await db.task.findFirst({ where: { id: task, AND: visible.task(viewer) } });
    expect(found !== null).toBe(seen);

    // The rule must give the same for a task that was read past the filter.
    const subject = await db.task.findUniqueOrThrow({
      where: { id: task },
      include: { shares: { where: liveShares(viewer) } },
    });
    expect(actions.filter((action) => can(viewer, action, subject))).toEqual(may);
  });

  test('a share of one person gives nothing to another', async () => {
    const stranger = viewers.get('a stranger') ?? { userId: '' };
    const subject = await db.task.findUniqueOrThrow({
      where: { id: task },
      include: { shares: { where: liveShares(stranger) } },
    });
    expect(subject.shares).toEqual([]);
  });

  test('a viewer sees a set of tasks exactly as one by one', async () => {
    for (const [relation, viewer] of viewers) {
      const all = await db.task.findMany({ where: visible.task(viewer), select: { id: true } });
      expect(
        all.some(({ id }) => id === task),
        relation,
      ).toBe(relations[relation]?.seen);
    }
  });
});
