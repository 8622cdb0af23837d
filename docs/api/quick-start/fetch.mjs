// node fetch.mjs, with a token in TASKWIRE_TOKEN. Needs no packages.
const api = `${process.env.TASKWIRE_URL ?? 'http://127.0.0.1:4000'}/graphql`;

async function ask(query, variables = {}) {
  const response = await fetch(api, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${process.env.TASKWIRE_TOKEN}`,
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}

const { createTask } = await ask(
  'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id title } } }',
  { input: { title: 'Water the plants', priority: 'HIGH' } },
);
console.log(`Created ${createTask.task.id}`);

// Every open task, page by page.
let after = null;
do {
  const { tasks } = await ask(
    `query ($after: String) {
      tasks(first: 100, after: $after, filter: { status: { in: [TODO, IN_PROGRESS] } }) {
        nodes { title status }
        pageInfo { hasNextPage endCursor }
      }
    }`,
    { after },
  );
  for (const { title, status } of tasks.nodes) console.log(`${status}: ${title}`);
  after = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null;
} while (after);
