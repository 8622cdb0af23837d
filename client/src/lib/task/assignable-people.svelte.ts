import { graphql } from '../../gql/gql.ts';
import type { useApi } from '../api/context.ts';
import { LiveQuery } from '../api/live-query.svelte.ts';

const Members = graphql(`
  query AssigneeMembers($teamId: ID!) {
    team(id: $teamId) {
      id
      members(first: 100) {
        nodes {
          id
          user {
            id
            name
          }
        }
      }
    }
  }
`);

const Receivers = graphql(`
  query AssigneeReceivers($taskId: ID!) {
    task(id: $taskId) {
      id
      owner {
        id
        name
      }
      shares(first: 100) {
        nodes {
          id
          sharedWith {
            id
            name
          }
        }
      }
    }
  }
`);

export interface Person {
  id: string;
  name: string;
}

/** The people that a task can be assigned to: its team's members, or its owner and the people it is shared with. */
export class AssignablePeople {
  readonly #members;
  readonly #receivers;
  readonly #teamId: () => string;

  /**
   * Call it while a component is being initialized: it uses effects.
   * @param teamId `''` for a task without a team.
   */
  constructor(api: ReturnType<typeof useApi>, teamId: () => string, taskId: () => string | undefined) {
    this.#teamId = teamId;
    this.#members = new LiveQuery(api, Members, () => (teamId() ? { teamId: teamId() } : undefined));
    this.#receivers = new LiveQuery(api, Receivers, () => {
      const id = taskId();
      return !teamId() && id ? { taskId: id } : undefined;
    });
  }

  get list(): Person[] {
    const team = this.#members.data?.team;
    const task = this.#receivers.data?.task;
    if (this.#teamId()) return team?.id === this.#teamId() ? team.members.nodes.map(({ user }) => user) : [];
    return task ? [task.owner, ...task.shares.nodes.map(({ sharedWith }) => sharedWith)] : [];
  }
}
