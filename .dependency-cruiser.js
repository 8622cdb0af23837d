// Which part may know which: `npm run check` fails on an import that runs the other way. A part always knows
// itself and the generated database client.
const may = {
  client: [],
  'server/database': ['server/bounds', 'server/errors', 'server/logger'],
  'server/search': ['server/database', 'server/logger'],
  'server/sql': ['server/search', 'server/policy', 'server/log', 'server/database', 'server/errors'],
  'server/policy': ['server/log/catalogue', 'server/database', 'server/errors'],
  'server/log': [
    'server/bounds',
    'server/ids',
    'server/policy',
    'server/database',
    'server/errors',
    'server/logger',
  ],
  'server/live': [
    'server/policy',
    'server/log',
    'server/sql',
    'server/database',
    'server/bounds',
    'server/errors',
    'server/logger',
    'server/lifecycle/stagger',
  ],
  'server/counters': ['server/sql', 'server/database', 'server/logger'],
  'server/domain': [
    'server/bounds',
    'server/limits',
    'server/policy',
    'server/log',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
    'server/secrets',
  ],
  'server/auth': [
    'server/bounds',
    'server/limits',
    'server/domain',
    'server/policy',
    'server/log',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
    'server/logger',
    'server/request-context',
    'server/secrets',
  ],
  'server/observability': ['server/bounds', 'server/database', 'server/logger', 'server/request-context'],
  'server/limits': [
    'server/bounds',
    'server/domain/email-address',
    'server/errors',
    'server/logger',
    'server/redis-namespace',
    'server/request-context',
  ],
  'server/graphql/execution': ['server/sql/raw-row'],
  'server/graphql': [
    'server/bounds',
    'server/limits',
    'server/observability',
    'server/auth',
    'server/live',
    'server/policy',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
    'server/logger',
    'server/request-context',
  ],
  'server/http': ['server'],
  'server/websocket': ['server'],
  'server/lifecycle': ['server'],
  'server/backup': ['server/config', 'server/logger'],
  schema: [
    'server/bounds',
    'server/search',
    'server/limits',
    'server/request-context',
    'server/observability',
    'server/domain',
    'server/auth',
    'server/live',
    'server/policy',
    'server/log',
    'server/sql',
    'server/database',
    'server/graphql/context',
    'server/errors',
    'server/ids',
    'server/logger',
  ],
  // The composition root: the one place of the server that imports the schema.
  'server/app': ['schema', 'server'],
  server: [],
  ops: ['server', 'schema', 'prisma', 'migrations'],
  prisma: ['server'],
  tests: ['client', 'schema', 'server', 'ops', 'prisma', 'migrations'],
};

const ours = '^(client|migrations|ops|prisma|schema|server|tests)/';
/** A part is a folder or one file of the same name. */
const within = (parts) => `^(${parts.join('|')})(/|\\.ts$)`;
/** Parts with rules of their own inside of another. */
const partsOf = (part) => Object.keys(may).filter((other) => other.startsWith(`${part}/`));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(may).map(([part, others]) => ({
      name: `${part} imports ${others.length > 0 ? `only ${others.join(', ')}` : 'none of the others'}`,
      severity: 'error',
      from: {
        path: within([part]),
        pathNot: ['^prisma/generated/', ...(partsOf(part).length > 0 ? [within(partsOf(part))] : [])],
      },
      to: { path: ours, pathNot: [within([part, ...others]), '^prisma/generated/'] },
    })),
    {
      name: 'the rules know nothing of GraphQL or HTTP',
      severity: 'error',
      from: {
        path: within([
          'server/domain',
          'server/live',
          'server/policy',
          'server/log',
          'server/sql',
          'server/database',
        ]),
      },
      to: { path: 'node_modules/(graphql|graphql-yoga|graphql-ws|@pothos|ws|sirv)/|^(node:)?https?$' },
    },
    {
      name: 'nothing imports in a circle',
      severity: 'error',
      from: { pathNot: '^prisma/generated/' },
      to: { circular: true },
    },
    {
      name: 'every import leads somewhere',
      severity: 'error',
      from: { pathNot: '^client/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'what ships needs no development package',
      severity: 'error',
      from: { path: '^(server|schema)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^prisma/generated/'] },
    exclude: { path: '^(client/(build|\\.svelte-kit|node_modules)|server/graphiql/build|ops/bench)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'svelte', 'default', 'types'],
    },
  },
};
