import type { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ DATABASE_POOL_SIZE: '2', LOG_LEVEL: 'silent' });
const { ada, bob, cy } = await world.people('Ada', 'Bob', 'Cy');

async function readyz(): Promise<{ code: number; status: string }> {
  const answer = await fetch(`${world.url}/readyz`);
  return { code: answer.status, status: ((await answer.json()) as { status: string }).status };
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${world.url}/metrics`)).text();
  return new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
}

async function observer(): Promise<Client> {
  const client = await openSession(world.databaseUrl);
  onTestFinished(() => client.end());
  return client;
}

test('a server with all connections in use reports busy, and still accepts requests (H2)', async () => {
  const tasks = [await ada.createTask('Tea'), await bob.createTask('Milk')];
  expect(await readyz()).toEqual({ code: 200, status: 'ready' });
  const holder = await observer();
  await holder.query('BEGIN; SELECT FROM tasks FOR UPDATE');
  const rename = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Jam" }) { cursor } }';
  const held = [ada, bob].map((person, n) => person.query(rename, { id: tasks[n] }));
  await expect
    .poll(async () => {
      const waiting = cy.query('{ viewer { name } }').catch(() => undefined);
      const said = await readyz();
      void waiting;
      return said;
    })
    .toEqual({ code: 200, status: 'busy' });
  expect(await metric('taskwire_up')).toBe('1');
  await holder.query('ROLLBACK');
  await Promise.all(held);
  await expect.poll(readyz).toEqual({ code: 200, status: 'ready' });
});

test('with a read-only database, the server is ready for reads only, and people get an explanation (READY-WRITES)', async () => {
  const admin = await observer();
  const set = async (words: string) => {
    await admin.query(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${words}', current_database()); END $$`);
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  };
  await set('SET default_transaction_read_only = on');
  await admin.query('SET default_transaction_read_only = off');
  await expect
    .poll(readyz)
    .toMatchObject({ code: 200, status: expect.stringContaining('reads only') as string });
  expect(await metric('taskwire_writable')).toBe('0');
  await expect
    .poll(() => ada.createTask('Bread').catch((error: unknown) => (error as Error).message))
    .toContain('read-only');
  expect(await ada.query('{ tasks { totalCount } }')).toBeTruthy();
  await set('RESET default_transaction_read_only');
  await expect.poll(readyz).toEqual({ code: 200, status: 'ready' });
  await expect.poll(() => metric('taskwire_writable')).toBe('1');
});

test('a full disk has its own message (READY-WRITES)', async () => {
  const admin = await observer();
  await admin.query(`
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION no_room()`);
  await expect(ada.createTask('Bread')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('disk of Taskwire’s database is full') as string,
  });
  expect(await readyz()).toMatchObject({ code: 200, status: expect.stringContaining('disk') as string });
  expect(await metric('taskwire_writable')).toBe('0');
});
