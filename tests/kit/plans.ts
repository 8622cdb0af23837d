import { escapeLiteral, type Client } from 'pg';
import { openSession } from './session.ts';
import type { Statement } from './statements.ts';

/** How PostgreSQL executes a statement. */
export interface Plan {
  statement: Statement;
  /** Tables with a sequential scan. */
  scanned: string[];
  /** Rows read, kept or not; 0 for mutations, which are not executed. */
  visited: number;
  /** The most rows that are sorted at once. */
  sorted: number;
  /** Pages of 8 KiB read, from memory or disk; 0 for mutations. */
  pages: number;
  /** Whether it uses JIT compilation, which takes longer than most statements. */
  compiled: boolean;
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Node[];
}

/** The plans of statements that were sent before: the plan for their values, and the generic plan. Changes nothing. */
export async function plansOf(url: string, statements: readonly Statement[]): Promise<Plan[]> {
  await using client = await openSession(url);
  // openSession turns it off.
  await client.query('SET jit = on');
  const plans: Plan[] = [];
  for (const statement of statements) {
    await client.query('BEGIN');
    await client.query(`PREPARE recorded AS ${statement.text}`);
    const values = statement.values.map(literal).join(', ');
    const execute = `EXECUTE recorded${values === '' ? '' : ` (${values})`}`;
    plans.push(await explain(client, statement, execute));
    if (statement.name !== '') {
      await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
      plans.push(await explain(client, statement, execute));
    }
    await client.query('ROLLBACK');
    await client.query('DEALLOCATE recorded');
  }
  return plans;
}

async function explain(client: Client, statement: Statement, execute: string): Promise<Plan> {
  const reads = /^\s*(?:\/\*.*?\*\/\s*)*(?:SELECT|WITH)\b/.test(statement.text);
  const how = reads ? 'ANALYZE, BUFFERS, TIMING off, FORMAT JSON' : 'FORMAT JSON';
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node; JIT?: object }] }>(
    `EXPLAIN (${how}) ${execute}`,
  );
  const [plan] = rows[0]?.['QUERY PLAN'] ?? [];
  if (!plan) throw new Error('EXPLAIN always gives a plan');
  const nodes = [...nodesOf(plan.Plan)];
  const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && node['Actual Loops'] !== 0);
  return {
    statement,
    scanned: scans.flatMap((node) => node['Relation Name'] ?? []),
    visited: nodes.reduce((sum, node) => sum + visitedBy(node), 0),
    sorted: Math.max(0, ...nodes.map(sortedBy)),
    pages: (plan.Plan['Shared Hit Blocks'] ?? 0) + (plan.Plan['Shared Read Blocks'] ?? 0),
    compiled: plan.JIT !== undefined,
  };
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const inner of node.Plans ?? []) yield* nodesOf(inner);
}

function visitedBy(node: Node): number {
  if (!node['Node Type'].includes('Scan')) return 0;
  const each =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  return each * (node['Actual Loops'] ?? 0);
}

function sortedBy(node: Node): number {
  if (!node['Node Type'].includes('Sort')) return 0;
  return Math.max(0, ...(node.Plans ?? []).map((inner) => inner['Actual Rows'] ?? 0));
}

/** A value for `EXECUTE`; PostgreSQL infers its type from the parameter. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
  if (Array.isArray(value)) return escapeLiteral(`{${value.map(element).join(',')}}`);
  return escapeLiteral(textOf(value));
}

function element(value: unknown): string {
  return value === null ? 'NULL' : `"${textOf(value).replaceAll(/["\\]/g, '\\$&')}"`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
