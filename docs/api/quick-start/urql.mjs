// npm install @urql/core graphql; node urql.mjs, with a token in TASKWIRE_TOKEN.
import { Client, fetchExchange, gql } from '@urql/core';

const client = new Client({
  url: `${process.env.TASKWIRE_URL ?? 'http://127.0.0.1:4000'}/graphql`,
  exchanges: [fetchExchange],
  preferGetMethod: false,
  fetchOptions: () => ({ headers: { authorization: `Bearer ${process.env.TASKWIRE_TOKEN}` } }),
});

const CreateTask = gql`
  mutation CreateTask($input: CreateTaskInput!) {
    createTask(input: $input) {
      task {
        id
        title
      }
    }
  }
`;

const created = await client.mutation(CreateTask, { input: { title: 'Water the plants' } }).toPromise();
if (created.error) {
  const [first] = created.error.graphQLErrors;
  throw new Error(first ? `${first.extensions.code}: ${first.message}` : created.error.message);
}
console.log(`Created ${created.data.createTask.task.id}`);

const Statistics = gql`
  {
    dashboard {
      statistics {
        total
        pending
      }
    }
  }
`;
const { data } = await client.query(Statistics, {}).toPromise();
console.log(data.dashboard.statistics);
