import { Prisma } from '../../prisma/generated/client/client.ts';

type Where = Prisma.EventWhereInput;

/** The columns that a list of events can be filtered by, each with the type that its values are compared as. */
const columns: Record<string, { name: Prisma.Sql; type: Prisma.Sql }> = {
  sequence: { name: Prisma.sql`sequence`, type: Prisma.sql`bigint` },
  at: { name: Prisma.sql`at`, type: Prisma.sql`timestamptz` },
  kind: { name: Prisma.sql`kind`, type: Prisma.sql`text` },
  actorId: { name: Prisma.sql`actor_id`, type: Prisma.sql`uuid` },
  subjectId: { name: Prisma.sql`subject_id`, type: Prisma.sql`uuid` },
  teamId: { name: Prisma.sql`team_id`, type: Prisma.sql`uuid` },
};

const comparisons: Record<string, Prisma.Sql> = {
  equals: Prisma.sql`=`,
  lt: Prisma.sql`<`,
  gt: Prisma.sql`>`,
};

/**
 * A Prisma filter on an event's own columns as SQL, for a query that Prisma cannot say the rest of.
 * @throws TypeError for what the lists of this API never ask.
 */
export function eventCondition(where: Where): Prisma.Sql {
  return all(Object.entries(where).map(([key, value]) => conditionOf(key, value)));
}

function conditionOf(key: string, value: unknown): Prisma.Sql {
  if (key === 'AND') return all(listed(value).map(eventCondition));
  if (key === 'OR') return some(listed(value).map(eventCondition));
  if (key === 'NOT') return Prisma.sql`NOT ${all(listed(value).map(eventCondition))}`;
  const column = columns[key];
  if (!column) throw new TypeError(`Events have no column "${key}" to filter by`);
  if (value === null) return Prisma.sql`${column.name} IS NULL`;
  if (typeof value !== 'object' || value instanceof Date) return compared(column, 'equals', value);
  return all(Object.entries(value).map(([operator, operand]) => compared(column, operator, operand)));
}

function compared({ name, type }: (typeof columns)[string], operator: string, operand: unknown): Prisma.Sql {
  if (operator === 'not' && operand === null) return Prisma.sql`${name} IS NOT NULL`;
  if (operator === 'not') return Prisma.sql`${name} <> ${operand}::${type}`;
  if (operator === 'in') return Prisma.sql`${name} = ANY(${operand}::${type}[])`;
  const comparison = comparisons[operator];
  if (!comparison) throw new TypeError(`Events cannot be compared by "${operator}"`);
  return Prisma.sql`${name} ${comparison} ${operand}::${type}`;
}

function listed(value: unknown): Where[] {
  return (Array.isArray(value) ? value : [value]) as Where[];
}

function all(conditions: Prisma.Sql[]): Prisma.Sql {
  return conditions.length > 0 ? Prisma.sql`(${Prisma.join(conditions, ' AND ')})` : Prisma.sql`true`;
}

function some(conditions: Prisma.Sql[]): Prisma.Sql {
  return conditions.length > 0 ? Prisma.sql`(${Prisma.join(conditions, ' OR ')})` : Prisma.sql`false`;
}
