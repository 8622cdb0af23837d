/* global self, document, YogaGraphiQL */
// Starts GraphiQL in index.html. ops/graphiql-files.ts puts the hashed names in place of the plain ones.
self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) =>
    ({ json: '/graphiql/json-worker.js', graphql: '/graphiql/graphql-worker.js' })[label] ??
    '/graphiql/editor-worker.js',
};

const startSession = `# The cookie of the session authenticates
# what follows. The dashboard in this
# browser then shows this account, too.
mutation SignUp {
  signUp(input: {
    name: "Ada"
    email: "ada@example.com"
    password: "correct horse battery"
  }) {
    viewer { id name }
  }
}

mutation SignIn {
  signIn(input: {
    email: "ada@example.com"
    password: "correct horse battery"
  }) {
    viewer { id name }
  }
}

`;

const examples = `# Your numbers, and what is due next.
query MyWork {
  viewer { name timezone }
  dashboard {
    statistics { total pending completed }
  }
  tasks(
    first: 10
    filter: {
      status: { in: [TODO, IN_PROGRESS] }
    }
    orderBy: { field: DUE_ON, direction: ASC }
  ) {
    totalCount
    nodes { id title status dueOn version }
    pageInfo { hasNextPage endCursor }
  }
}

mutation CreateTask {
  createTask(input: {
    title: "Water the plants"
    priority: HIGH
  }) {
    task { id title status version }
  }
}

# Shows each change as it happens, such as
# one made on the dashboard.
subscription Follow {
  events {
    cursor
    event { kind at actor { name } }
  }
}
`;

/** Uses a path that never answers 401, which browsers log as an error. */
async function isSignedIn() {
  try {
    return (await (await fetch('/api/auth/get-session')).json()) !== null;
  } catch {
    return false;
  }
}

/** The theme chosen on the dashboard. GraphiQL has a choice of its own, which then wins. */
function chosenTheme() {
  try {
    return localStorage.getItem('taskwire.theme');
  } catch {
    return null;
  }
}

YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  title: 'Taskwire API',
  logo: '<img src="/favicon.svg" width="28" height="28" alt="">',
  credentials: 'same-origin',
  defaultTheme: chosenTheme(),
  defaultQuery: (await isSignedIn()) ? examples : startSession + examples,
});
