// GraphQL Yoga and graphql-ws set up as documented, with Yoga's in-memory publisher. No database and no authentication.
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

interface Task {
  id: string;
  title: string;
  status: string;
}

const pubSub = createPubSub<{ created: [Task] }>();

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      type Task { id: ID! title: String! status: String! }
      type Query { hello: String! }
      type Mutation { createTask(title: String!): Task! }
      type Subscription { created: Task! }
    `,
    resolvers: {
      Query: { hello: () => 'hello' },
      Mutation: {
        createTask: (_root, { title }: { title: string }) => {
          const task = { id: crypto.randomUUID(), title, status: 'TODO' };
          pubSub.publish('created', task);
          return task;
        },
      },
      Subscription: {
        created: { subscribe: () => pubSub.subscribe('created'), resolve: (task: Task) => task },
      },
    },
  }),
});

const server = createServer(yoga);
useServer(
  {
    execute: (args) => (args as Enveloped).rootValue.execute(args),
    subscribe: (args) => (args as Enveloped).rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(Number(process.env['PORT']), '127.0.0.1');

interface Enveloped {
  rootValue: { execute: (args: unknown) => never; subscribe: (args: unknown) => never };
}
