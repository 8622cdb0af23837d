import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { CreateTaskInput } from '../../gql/graphql.ts';
import { describeFailure } from '../api/failure.ts';

const CreateTasks = graphql(`
  mutation CreateTasks($input: CreateTasksInput!) {
    createTasks(input: $input) {
      tasks {
        id
      }
    }
  }
`);

/** The API's limit. */
const largestBatch = 500;

interface Outcome {
  /** The number of tasks that were created, from the first one. */
  created: number;
  /** Why the next ones were not. */
  failure?: { message: string; /** The refused task, if it is one. */ place: number | undefined };
}

/** Creates tasks in batches. With ids of the page, a repeated call creates none twice. */
export async function createTasks(
  client: Client,
  tasks: readonly (CreateTaskInput & { id: string })[],
  onprogress: (created: number) => void = () => undefined,
): Promise<Outcome> {
  for (let created = 0; created < tasks.length; created += largestBatch) {
    onprogress(created);
    const input = { tasks: tasks.slice(created, created + largestBatch) };
    const { error } = await client.mutation(CreateTasks, { input }).toPromise();
    if (!error) continue;
    const { message, field = '' } = describeFailure(error);
    const place = /^tasks\.(\d+)\b/.exec(field)?.[1];
    return {
      created,
      failure: { message, place: place === undefined ? undefined : created + Number(place) },
    };
  }
  return { created: tasks.length };
}
