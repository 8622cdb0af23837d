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

const DeleteTasks = graphql(`
  mutation DeleteTasks($input: DeleteTasksInput!) {
    deleteTasks(input: $input) {
      deletedTaskIds
    }
  }
`);

/** The API's limits. */
const largestBatch = 500;
const largestDeletion = 100;

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

interface Deletion {
  deleted: number;
  /** Of tasks that have another version than the given one. */
  changed: number;
  /** Why the others are not deleted. */
  failure?: string;
}

/** Deletes tasks in batches. With a version, a task that has changed is left out. */
export async function deleteTasks(
  client: Client,
  tasks: readonly { id: string; version?: number }[],
): Promise<Deletion> {
  let rest = tasks.map(({ id, version }) => ({ id, ...(version === undefined ? {} : { version }) }));
  const done: Deletion = { deleted: 0, changed: 0 };
  while (rest.length > 0) {
    const batch = rest.slice(0, largestDeletion);
    const { error } = await client
      .mutation(DeleteTasks, { input: { tasks: batch } }, { additionalTypenames: ['Task'] })
      .toPromise();
    if (!error) {
      done.deleted += batch.length;
      rest = rest.slice(batch.length);
      continue;
    }
    const { code, message, field = '' } = describeFailure(error);
    const place = /^tasks\.(\d+)\b/.exec(field)?.[1];
    if (code !== 'CONFLICT' || place === undefined) return { ...done, failure: message };
    done.changed += 1;
    rest = rest.toSpliced(Number(place), 1);
  }
  return done;
}
