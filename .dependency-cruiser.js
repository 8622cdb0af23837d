// Which part may know which: `npm run check` fails on an import that runs the other way. A part always knows
// itself and the generated database client.
const may = {
  client: [],
  'server/database': ['server/errors', 'server/log'],
  'server/search': ['server/database', 'server/log'],
  'server/sql': ['server/search', 'server/policy', 'server/events', 'server/database', 'server/errors'],
  'server/policy': ['server/database', 'server/errors'],
  'server/events': ['server/policy', 'server/database', 'server/errors', 'server/log'],
  'server/live': [
    'server/policy',
    'server/events',
    'server/sql',
    'server/database',
    'server/errors',
    'server/log',
    'server/one-by-one',
  ],
  'server/counters': ['server/sql', 'server/database', 'server/log'],
  'server/domain': [
    'server/policy',
    'server/events',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
  ],
  'server/auth': [
    'server/limits',
    'server/domain',
    'server/policy',
    'server/events',
    'server/database',
    'server/errors',
    'server/ids',
    'server/log',
  ],
  'server/performance': ['server/database', 'server/log', 'server/request'],
  'server/limits': ['server/errors', 'server/log', 'server/request'],
  'server/plugins': [
    'server/limits',
    'schema',
    'server/performance',
    'server/auth',
    'server/live',
    'server/policy',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
    'server/log',
    'server/request',
  ],
  schema: [
    'server/search',
    'server/limits',
    'server/request',
    'server/performance',
    'server/domain',
    'server/auth',
    'server/live',
    'server/policy',
    'server/events',
    'server/sql',
    'server/database',
    'server/errors',
    'server/ids',
    'server/log',
  ],
  'server/transports': ['schema', 'server'],
  server: ['schema', 'server'],
  ops: ['server', 'schema', 'prisma', 'migrations'],
  prisma: ['server'],
  tests: ['client', 'schema', 'server', 'ops', 'prisma', 'migrations'],
};

const ours = '^(client|migrations|ops|prisma|schema|server|tests)/';
/** A part is a folder or one file of the same name. */
const within = (parts) => `^(${parts.join('|')})(/|\\.ts$)`;
const inner = Object.keys(may).filter((part) => part.startsWith('server/'));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(may).map(([part, others]) => ({
      name: `${part} imports ${others.length > 0 ? `only ${others.join(', ')}` : 'none of the others'}`,
      severity: 'error',
      from: { path: within([part]), pathNot: part === 'server' ? within(inner) : '^prisma/generated/' },
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
          'server/events',
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
