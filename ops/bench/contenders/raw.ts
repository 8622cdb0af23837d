// The baseline: node:http and pg, with one prepared statement per operation that returns JSON. No authentication.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Pool } from 'pg';
import { dashboardSql } from './dashboard-sql.ts';

const statements: Record<string, string> = {
  Q1: `
    SELECT json_build_object('tasks', coalesce(json_agg(task), '[]'))::text AS answer FROM (
      SELECT id, title, status, priority, due_on AS "dueOn", updated_at AS "updatedAt",
        (SELECT json_build_object('id', users.id, 'name', users.name) FROM users WHERE users.id = owner_id) AS owner,
        (SELECT json_build_object('id', users.id, 'name', users.name) FROM users WHERE users.id = assignee_id) AS assignee,
        (SELECT json_build_object('id', teams.id, 'name', teams.name) FROM teams WHERE teams.id = team_id) AS team,
        (SELECT coalesce(json_agg(share), '[]') FROM (
           SELECT task_shares.id, permission,
                  json_build_object('id', users.id, 'name', users.name) AS "sharedWith"
           FROM task_shares JOIN users ON users.id = shared_with_id
           WHERE task_id = tasks.id ORDER BY task_shares.id LIMIT 5) AS share) AS shares
      FROM tasks WHERE owner_id = $1 AND status = 'TODO' AND archived_at IS NULL
      ORDER BY updated_at DESC, id DESC LIMIT 50) AS task`,
  Q2: `SELECT json_build_object('dashboard', dashboard)::text AS answer FROM (${dashboardSql('$1::uuid')}) AS counted`,
  Q3: `
    SELECT json_build_object('conversations', coalesce(json_agg(conversation), '[]'))::text AS answer FROM (
      SELECT id, title, updated_at AS "updatedAt",
        (SELECT coalesce(json_agg(message ORDER BY "createdAt", id), '[]') FROM (
           SELECT id, role, content, created_at AS "createdAt" FROM messages
           WHERE conversation_id = conversations.id ORDER BY created_at DESC, id DESC LIMIT 20) AS message) AS messages
      FROM conversations WHERE owner_id = $1 ORDER BY updated_at DESC, id DESC LIMIT 20) AS conversation`,
  Q4: `
    INSERT INTO tasks (owner_id, title, priority) VALUES ($1, 'Water the plants', 'HIGH')
    RETURNING json_build_object('task',
      json_build_object('id', id, 'title', title, 'status', status, 'version', version))::text AS answer`,
};

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });

const server = createServer((request, response) => {
  void text(request).then(async (body) => {
    const { operation, owner } = JSON.parse(body) as { operation: string; owner: string };
    const sql = statements[operation];
    const answer = sql
      ? ((await pool.query<{ answer: string }>({ name: operation, text: sql, values: [owner] })).rows[0]
          ?.answer ?? '')
      : '{"__typename":"Query"}';
    response.setHeader('Content-Type', 'application/json');
    response.end(answer);
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => {
  console.log('ready');
});
