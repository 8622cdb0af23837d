import { createYoga } from 'graphql-yoga';
import { schema } from '../../schema/index.ts';
import type { Context } from '../../schema/context.ts';
import type { Gate } from '../auth/sign-in.ts';
import type { Log } from '../log.ts';
import { boundedDocuments } from '../plugins/bounded-documents.ts';
import { codedErrors } from '../plugins/coded-errors.ts';
import { viewerContext } from '../plugins/viewer-context.ts';
import { wellFormedRequests } from '../plugins/well-formed-requests.ts';

const MOST_BODY_BYTES = 1024 * 1024;

const welcome = `# Welcome to Taskwire. Sign up once:
mutation SignUp {
  signUp(input: { name: "Ada", email: "ada@example.com", password: "correct horse" }) {
    token
    viewer { id name }
  }
}

# Then these work, by the cookie that signing up has set:
mutation CreateTask {
  createTask(input: { title: "Water the plants", priority: HIGH }) {
    task { id title status version }
  }
}

query Dashboard {
  dashboard { statistics { total pending completed shared } }
  tasks(first: 10) { nodes { id title status dueOn } totalCount }
}
`;

/** GraphQL over HTTP, with GraphiQL for browsers. */
export function createGraphql(gate: Gate, log: Log, publicUrl: string) {
  return createYoga<object, Context>({
    schema,
    maskedErrors: codedErrors(log),
    plugins: [wellFormedRequests(), boundedDocuments(), viewerContext(gate, publicUrl)],
    logging: false,
    cors: false,
    multipart: false,
    landingPage: false,
    healthCheckEndpoint: '/healthz/graphql',
    maxRequestBodySize: MOST_BODY_BYTES,
    graphiql: { title: 'Taskwire', defaultQuery: welcome, credentials: 'same-origin' },
    // A megabyte of page that most starts never serve.
    renderGraphiQL: async (options) =>
      (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
  });
}
