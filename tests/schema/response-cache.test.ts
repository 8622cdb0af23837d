import { expect, test } from 'vitest';
import { dialAs, watch, type Frame } from '../kit/live.ts';
import { giveShare, share } from '../kit/shares.ts';
import { recordedBy } from '../kit/statements.ts';
import { accept, invite, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();

interface Told {
  events: {
    event: {
      kind: string;
      actor?: { name: string } | null;
      task: {
        title: string;
        viewerCan?: { edit: boolean; delete: boolean };
        comments?: { nodes: { body: string }[] };
      } | null;
    } | null;
  };
}

async function follow(person: Person, selection: string, variables: object = {}) {
  const head = 'first' in variables ? '($first: Int!)' : '';
  const watching = await watch<Told>(
    world,
    person,
    `subscription ${head} { events { event { kind ${selection} } } }`,
    variables,
  );
  await watching.until(({ events }) => events.event === null);
  return watching;
}

const isOf = (title: string) => (told: Told) => told.events.event?.task?.title === title;

test('[FR-027] subscribers with the same query get as much of an event as they may see', async () => {
  const { ada, bob, cyd, dan } = await world.people('Ada', 'Bob', 'Cyd', 'Dan');
  const team = await teamOf(ada, [
    [bob, 'VIEWER'],
    [cyd, 'MEMBER'],
  ]);
  const id = await ada.createTask('one', { teamId: team.id });
  await share(world, id, { from: ada, to: dan, permission: 'EDIT' });
  const selection = 'actor { name } task { title viewerCan { edit delete } }';
  const all = await Promise.all([ada, bob, cyd, dan, ada].map((person) => follow(person, selection)));
  const rename = (title: string) =>
    ada.query(`mutation { updateTask(input: { id: "${id}", title: "${title}" }) { cursor } }`);
  await rename('two');
  const rights = async (title: string) =>
    Promise.all(all.map(async (each) => (await each.until(isOf(title))).events.event?.task?.viewerCan));
  expect(await rights('two')).toEqual([
    { edit: true, delete: true },
    { edit: false, delete: false },
    { edit: false, delete: false },
    { edit: true, delete: false },
    { edit: true, delete: true },
  ]);
  await ada.query('mutation ($input: ChangeRoleInput!) { changeRole(input: $input) { cursor } }', {
    input: { id: team.memberships.get(bob.id), role: 'ADMIN' },
  });
  await rename('three');
  expect((await rights('three'))[1]).toEqual({ edit: true, delete: true });
});

test('queries that differ only in a number get different answers', async () => {
  const { ada } = await world.people('Ada');
  const id = await ada.createTask('one');
  for (const body of ['first', 'second'])
    await ada.query(`mutation { addComment(input: { taskId: "${id}", body: "${body}" }) { cursor } }`);
  const selection = 'task { title comments(first: $first) { nodes { body } } }';
  const all = await Promise.all([1, 2].map((first) => follow(ada, selection, { first })));
  await ada.query(`mutation { updateTask(input: { id: "${id}", title: "two" }) { cursor } }`);
  const told = await Promise.all(all.map((each) => each.until(isOf('two'))));
  expect(told.map(({ events }) => events.event?.task?.comments?.nodes.length)).toEqual([1, 2]);
});

test('an event is read once for all people with the same view', async () => {
  const { ada, bob, cyd } = await world.people('Ada', 'Bob', 'Cyd');
  const team = await teamOf(ada, [
    [bob, 'MEMBER'],
    [cyd, 'VIEWER'],
  ]);
  const people = [ada, bob, cyd, bob, cyd, ada];
  const all = await Promise.all(people.map((person) => follow(person, 'task { title status }')));
  const statements = await recordedBy(async () => {
    await ada.query(`mutation { createTask(input: { title: "for all", teamId: "${team.id}" }) { cursor } }`);
    for (const each of all) await each.until(isOf('for all'));
  });
  expect(statements.filter(({ text }) => /^SELECT .* FROM "public"\."tasks"/s.test(text))).toHaveLength(1);
});

test('each subscription of a socket gets the answer with its own id, in the order of events', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  const ids = ['one', 'with "quotes" and ☂'];
  const query = 'subscription { events { event { task { title } } } }';
  const isOf = (id: string, title: string) => (frame: Frame) =>
    frame.id === id && JSON.stringify(frame.payload).includes(title);
  for (const id of ids) {
    wire.send({ id, type: 'subscribe', payload: { query } });
    await wire.frame(isOf(id, 'null'));
  }
  const titles = Array.from({ length: 30 }, (_, n) => `task ${n} ☂`);
  for (const title of titles) await ada.createTask(title);
  for (const id of ids) {
    await wire.frame(isOf(id, titles.at(-1) ?? ''));
    const told = wire.frames.filter((frame) => frame.type === 'next' && frame.id === id).slice(1);
    expect(told.map(({ payload }) => payload)).toEqual(
      titles.map((title) => ({ data: { events: { event: { task: { title } } } } })),
    );
  }
});

test('completing a subscription stops its messages, also pending ones', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  const [left, stays] = ['left', 'stays'];
  const query = 'subscription { events { event { task { title } } } }';
  for (const id of [left, stays]) {
    wire.send({ id, type: 'subscribe', payload: { query } });
    await wire.frame((frame) => frame.id === id);
  }
  const writing = ada.createTask('while they leave');
  wire.send({ id: left, type: 'complete' });
  wire.send({ type: 'ping' });
  await wire.frame(({ type }) => type === 'pong');
  const before = wire.frames.filter(({ id }) => id === left).length;
  await writing;
  await ada.createTask('afterwards');
  await wire.frame((frame) => frame.id === stays && JSON.stringify(frame.payload).includes('afterwards'));
  expect(wire.frames.filter(({ id }) => id === left)).toHaveLength(before);
});

/** A team, its leader, and four members. */
async function crowd() {
  const { ada, bob, cyd, dan, eve } = await world.people('Ada', 'Bob', 'Cyd', 'Dan', 'Eve');
  const members = [bob, cyd, dan, eve] as const;
  const team = await teamOf(
    ada,
    members.map((member) => [member, 'MEMBER'] as const),
  );
  return { leader: ada, members, team };
}

test('[FR-014] a change costs hardly more statements with fifty followers than with one', async () => {
  const { leader, members, team } = await crowd();
  const id = await leader.createTask('one', { teamId: team.id });
  const query = `subscription { task(id: "${id}") { cursor task { title status owner { name } comments { totalCount } } } }`;
  interface TaskTold {
    task: { cursor: string; task: { title: string } };
  }
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, n) => watch<TaskTold>(world, members[n % 4] ?? leader, query)),
  );
  for (const each of all) await each.until(({ task }) => task.task.title === 'one');
  const costOf = (title: string, received: typeof all) =>
    recordedBy(async () => {
      await leader.query(`mutation { updateTask(input: { id: "${id}", title: "${title}" }) { cursor } }`);
      for (const each of received) await each.until(({ task }) => task.task.title === title);
    });
  const ofMany = await costOf('two', all);
  for (const each of all.slice(1)) each.stop();
  await leader.createTask('something else', { teamId: team.id });
  const ofOne = await costOf('three', all.slice(0, 1));
  // Statements of others in the process count too.
  expect(ofMany.length).toBeLessThan(ofOne.length + 5);
});

test('[FR-014] a team’s dashboard is counted once per time zone of its members', async () => {
  const { leader, members, team } = await crowd();
  const [far] = members;
  await far.query('mutation { updateViewer(input: { timezone: "Pacific/Kiritimati" }) { cursor } }');
  interface Numbers {
    dashboard: { statistics: { total: number; shared: number }; createdPerDay: { day: string }[] };
  }
  const query = `subscription { dashboard(scope: { teamId: "${team.id}" }) {
    statistics { total shared } createdPerDay(days: 1) { day } history(days: 2) { burnUp { total } }
  } }`;
  const all = await Promise.all(members.map((member) => watch<Numbers>(world, member, query)));
  for (const each of all) await each.until(({ dashboard }) => dashboard.statistics.total === 0);
  let told: Numbers[] = [];
  const statements = await recordedBy(async () => {
    await leader.createTask('one', { teamId: team.id });
    told = await Promise.all(
      all.map((each) => each.until(({ dashboard }) => dashboard.statistics.total === 1)),
    );
  });
  const counted = (name: string) => statements.filter(({ text }) => text.includes(`/* ${name} */`)).length;
  expect([counted('countDashboard'), counted('readHistory')]).toEqual([2, 2]);
  const dayIn = (timeZone: string) => new Intl.DateTimeFormat('en-CA', { timeZone }).format();
  expect(told.map(({ dashboard }) => dashboard.createdPerDay[0]?.day)).toEqual(
    members.map((member) => dayIn(member === far ? 'Pacific/Kiritimati' : 'UTC')),
  );
});

test('a shared team task changes the dashboard of its receiver only', async () => {
  const { leader, members, team } = await crowd();
  const query = `subscription { dashboard(scope: { teamId: "${team.id}" }) { statistics { total shared } } }`;
  interface Numbers {
    dashboard: { statistics: { total: number; shared: number } };
  }
  const id = await leader.createTask('one', { teamId: team.id });
  const [bob, cyd] = members;
  const [ofBob, ofCyd] = [await watch<Numbers>(world, bob, query), await watch<Numbers>(world, cyd, query)];
  for (const each of [ofBob, ofCyd]) await each.until(({ dashboard }) => dashboard.statistics.total === 1);
  await giveShare(leader, bob, id);
  await leader.createTask('two', { teamId: team.id });
  const numbers = await Promise.all(
    [ofBob, ofCyd].map((each) => each.until(({ dashboard }) => dashboard.statistics.total === 2)),
  );
  expect(numbers.map(({ dashboard }) => dashboard.statistics.shared)).toEqual([1, 0]);
});

test('[FR-014] joining a team reloads only the rights of the new member', async () => {
  const { leader, members, team } = await crowd();
  const { fay } = await world.people('Fay');
  const all = await Promise.all(members.map((member) => follow(member, 'actor { name }')));
  const invitation = await invite(leader, team.id, fay.email, 'MEMBER');
  const statements = await recordedBy(async () => {
    await accept(fay, invitation);
    for (const each of all) await each.until(({ events }) => events.event?.kind === 'TEAM_MEMBER_JOINED');
  });
  expect(statements.filter(({ text }) => text.includes('/* liveRightsOf */'))).toEqual([]);
});
