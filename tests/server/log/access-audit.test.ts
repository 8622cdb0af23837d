import { describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../../server/ids.ts';
import { connect } from '../../../server/database/client.ts';
import { createAccessAudit } from '../../../server/log/access-audit.ts';
import { freshDatabase } from '../../kit/database.ts';
import { startTestServer } from '../../kit/server.ts';

const databaseUrl = await freshDatabase();
const db = connect(databaseUrl);

interface Told {
  code: string;
  operation: string;
  times?: number;
}

/** The refused accesses in the log, in order. */
async function toldOf(actorId: string): Promise<Told[]> {
  const events = await db.event.findMany({
    where: { actorId, kind: 'access.refused' },
    orderBy: { sequence: 'asc' },
  });
  return events.map(({ data }) => data as unknown as Told);
}

function timesIn(told: Told[]): number {
  return told.reduce((sum, { times = 1 }) => sum + times, 0);
}

async function signUp(url: string): Promise<{ id: string; ask: (query: string) => Promise<unknown> }> {
  const post = async <Answer>(query: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as Answer;
  };
  const { data } = await post<{ data: { signUp: { token: string; viewer: { id: string } } } }>(
    'mutation { signUp(input: { name: "Eve", email: "eve@example.com", password: "correct horse battery" }) { token viewer { id } } }',
  );
  return {
    id: data.signUp.viewer.id,
    ask: (query) => post(query, { authorization: `Bearer ${data.signUp.token}` }),
  };
}

describe('[FR-028] a program that is refused in a loop', () => {
  test('leaves a few events with the number of refusals, also if the server stops before', async () => {
    const server = await startTestServer(databaseUrl, { LOG_LEVEL: 'silent' });
    const eve = await signUp(server.url);
    const actor = uuidOf('User', eve.id);
    const guesses = Array.from(
      { length: 90 },
      (_, n) => `t${n}: task(id: "${publicId('Task', newId())}") { id }`,
    );
    for (let at = 0; at < guesses.length; at += 30) {
      const query = guesses.slice(at, at + 30).map((guess) => `query { ${guess} }`);
      await Promise.all(query.map((one) => eve.ask(one)));
    }
    await eve.ask(`{ node(id: "${publicId('Task', newId())}") { id } }`);
    expect((await toldOf(actor)).filter(({ operation }) => operation === 'task')).toHaveLength(50);
    await server.stop();

    const told = await toldOf(actor);
    expect(told).toHaveLength(52);
    expect(timesIn(told.filter(({ operation }) => operation === 'task'))).toBe(90);
    expect(told.at(-1)).toEqual({ code: 'NOT_FOUND', operation: 'task', times: 40 });
    expect(told.filter(({ operation }) => operation === 'node')).toEqual([
      { code: 'NOT_FOUND', operation: 'node' },
    ]);
  });

  test('is recorded at the end of the minute, then counted from zero', async () => {
    const faults: unknown[] = [];
    const refusals = createAccessAudit(db, (fault) => faults.push(fault), { minuteMs: 200 });
    const eve = { userId: newId() };
    const refused = (times: number) =>
      Promise.all(
        Array.from({ length: times }, () =>
          refusals.record(eve, { code: 'FORBIDDEN', subjectId: newId() }, 'deleteTask'),
        ),
      );
    await refused(55);
    await expect.poll(async () => timesIn(await toldOf(eve.userId))).toBe(55);
    expect(await toldOf(eve.userId)).toHaveLength(51);
    await refused(3);
    expect(await toldOf(eve.userId)).toHaveLength(54);
    await refusals.close();
    expect(timesIn(await toldOf(eve.userId))).toBe(58);
    expect(faults).toEqual([]);
  });
});
