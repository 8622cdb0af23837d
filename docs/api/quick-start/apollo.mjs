// npm install @apollo/client graphql rxjs; node apollo.mjs, with a token in TASKWIRE_TOKEN.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';

const client = new ApolloClient({
  link: new HttpLink({
    uri: `${process.env.TASKWIRE_URL ?? 'http://127.0.0.1:4000'}/graphql`,
    headers: { authorization: `Bearer ${process.env.TASKWIRE_TOKEN}` },
  }),
  // Every object has a unique id, so the cache recognizes it in all results.
  cache: new InMemoryCache({ possibleTypes: { SearchNode: ['Task', 'Comment', 'Message'] } }),
});

try {
  const { data } = await client.mutate({
    mutation: gql`
      mutation CreateTask($input: CreateTaskInput!) {
        createTask(input: $input) {
          task {
            id
            title
          }
        }
      }
    `,
    variables: { input: { title: 'Water the plants' } },
  });
  console.log(`Created ${data.createTask.task.id}`);
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  const [first] = error.errors;
  console.error(`${first.extensions.code}: ${first.message}`);
}

const { data } = await client.query({
  query: gql`
    {
      dashboard {
        statistics {
          total
          pending
        }
      }
    }
  `,
});
console.log(data.dashboard.statistics);
