/* global self, document, YogaGraphiQL */
// Starts GraphiQL in index.html. ops/graphiql-files.ts puts the hashed names in place of the plain ones.
self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) =>
    ({ json: '/graphiql/json-worker.js', graphql: '/graphiql/graphql-worker.js' })[label] ??
    '/graphiql/editor-worker.js',
};

YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  title: 'Taskwire API',
  credentials: 'same-origin',
  defaultQuery: `# Welcome to Taskwire. Sign up once:
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
`,
});
