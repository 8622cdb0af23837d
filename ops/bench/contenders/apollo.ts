// Apollo Server and Prisma in the usual style: resolvers return Prisma's rows, with one `include` for nested data. No
// authentication.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../../prisma/generated/client/client.ts';

const db = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env['DATABASE_URL'], max: 10 }),
});

const typeDefs = `#graphql
  scalar DateTime
  scalar Date
  type Person { id: ID! name: String! }
  type Team { id: ID! name: String! }
  type Share { id: ID! permission: String! sharedWith: Person! }
  type Task {
    id: ID! title: String! status: String! priority: String! dueOn: Date updatedAt: DateTime! version: Int!
    owner: Person! assignee: Person team: Team shares(first: Int!): [Share!]!
  }
  type Message { id: ID! role: String! content: String! createdAt: DateTime! }
  type Conversation { id: ID! title: String! updatedAt: DateTime! messages(last: Int!): [Message!]! }
  type StatusCount { status: String! count: Int! }
  type PriorityCount { priority: String! count: Int! }
  type DayCount { day: Date! count: Int! }
  type Dashboard {
    breakdown: [StatusCount!]! priorities: [PriorityCount!]! overdue: Int!
    createdPerDay: [DayCount!]! completedPerDay: [DayCount!]!
  }
  type Query {
    tasks(owner: ID!, status: String!, first: Int!): [Task!]!
    conversations(owner: ID!, first: Int!): [Conversation!]!
    dashboard(owner: ID!): Dashboard!
  }
  type Mutation { createTask(owner: ID!, title: String!, priority: String!): Task! }
`;

const STATUSES = ['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const;
const PRIORITIES = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;
const DAY_MS = 86_400_000;
const DAYS = 30;

const dayOf = (moment: Date) => moment.toISOString().slice(0, 10);
const pending = { in: ['TODO', 'IN_PROGRESS'] as ('TODO' | 'IN_PROGRESS')[] };

async function perDay(owner: string, field: 'createdAt' | 'completedAt') {
  const today = new Date(dayOf(new Date())).getTime();
  const first = new Date(today - (DAYS - 1) * DAY_MS);
  const rows = await db.task.findMany({
    where: { ownerId: owner, archivedAt: null, [field]: { gte: first } },
    select: { [field]: true },
  });
  const counts = new Map<string, number>();
  for (const row of rows) {
    const day = dayOf((row as unknown as Record<string, Date>)[field] ?? first);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  return Array.from({ length: DAYS }, (_, i) => {
    const day = dayOf(new Date(first.getTime() + i * DAY_MS));
    return { day, count: counts.get(day) ?? 0 };
  });
}

const resolvers = {
  Query: {
    tasks: (_: unknown, { owner, status, first }: { owner: string; status: 'TODO'; first: number }) =>
      db.task.findMany({
        where: { ownerId: owner, status, archivedAt: null },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: first,
        include: {
          owner: true,
          assignee: true,
          team: true,
          shares: { take: 5, orderBy: { id: 'asc' }, include: { sharedWith: true } },
        },
      }),
    conversations: (_: unknown, { owner, first }: { owner: string; first: number }) =>
      db.conversation.findMany({
        where: { ownerId: owner },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: first,
        include: { messages: { take: 20, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] } },
      }),
    dashboard: async (_: unknown, { owner }: { owner: string }) => {
      const own = { ownerId: owner, archivedAt: null };
      const [byStatus, byPriority, overdue, createdPerDay, completedPerDay] = await Promise.all([
        db.task.groupBy({ by: 'status', where: own, _count: true }),
        db.task.groupBy({ by: 'priority', where: { ...own, status: pending }, _count: true }),
        db.task.count({ where: { ...own, status: pending, dueOn: { lt: new Date(dayOf(new Date())) } } }),
        perDay(owner, 'createdAt'),
        perDay(owner, 'completedAt'),
      ]);
      return {
        breakdown: STATUSES.map((status) => ({
          status,
          count: byStatus.find((row) => row.status === status)?._count ?? 0,
        })),
        priorities: PRIORITIES.map((priority) => ({
          priority,
          count: byPriority.find((row) => row.priority === priority)?._count ?? 0,
        })),
        overdue,
        createdPerDay,
        completedPerDay,
      };
    },
  },
  Mutation: {
    createTask: (
      _: unknown,
      { owner, title, priority }: { owner: string; title: string; priority: 'HIGH' },
    ) => db.task.create({ data: { ownerId: owner, title, priority } }),
  },
  Task: {
    dueOn: ({ dueOn }: { dueOn: Date | null }) => dueOn && dayOf(dueOn),
    updatedAt: ({ updatedAt }: { updatedAt: Date }) => updatedAt.toISOString(),
  },
  Conversation: {
    updatedAt: ({ updatedAt }: { updatedAt: Date }) => updatedAt.toISOString(),
    messages: ({ messages }: { messages: object[] }) => messages.toReversed(),
  },
  Message: { createdAt: ({ createdAt }: { createdAt: Date }) => createdAt.toISOString() },
};

const server = new ApolloServer({ typeDefs, resolvers });
await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: Number(process.env['PORT']) } });
console.log('ready');
