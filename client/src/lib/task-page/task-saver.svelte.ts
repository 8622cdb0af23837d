import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import type { SaveTaskMutation, TaskPage_TaskFragment, UpdateTaskInput } from '../../gql/graphql.ts';
import { describeFailure, type Failure } from '../api/failure.ts';
import { undoStack } from '../ui/undo.ts';
import {
  changesOf,
  type CurrentTask,
  differences,
  draftOf,
  draftOfCurrent,
  type TaskDraft,
} from '../task/task-draft.ts';

export const TaskPage_task = graphql(`
  fragment TaskPage_task on Task {
    id
    version
    title
    description
    status
    priority
    dueOn
    labels
    archivedAt
    owner {
      id
      name
    }
    assignee {
      id
      name
    }
    team {
      id
      name
    }
    parent {
      id
      title
    }
    shares(first: 3) {
      totalCount
      nodes {
        id
        sharedWith {
          id
          name
        }
      }
    }
    viewerCan {
      assign
      comment
      delete
      edit
      move
      share
    }
    ...TaskCheck_task
    ...ShareTask_task
  }
`);

const SaveTask = graphql(`
  mutation SaveTask($input: UpdateTaskInput!) {
    updateTask(input: $input) {
      cursor
      task {
        id
        version
        ...TaskPage_task
      }
      stillSharedWith
    }
  }
`);

/** The task of a page, from its query or from the payload of a mutation. */
export type SavedTask = SaveTaskMutation['updateTask']['task'];
export type PageTask = TaskPage_TaskFragment;

/** A version of a task, from which an edit began. */
export interface Base {
  version: number;
  draft: TaskDraft;
}

interface Conflict {
  before: TaskDraft;
  now: TaskDraft;
  useTheirs: () => void;
  keepMine: () => Promise<boolean>;
}

type Changes = Omit<UpdateTaskInput, 'id' | 'version'>;

/** Others can change other fields of a task while one is saved; each time it is sent again. */
const mostAttempts = 4;

export function baseOf(task: PageTask): Base {
  return { version: task.version, draft: draftOf(task) };
}

/**
 * Saves single fields of a task. A change by others to the same field is a conflict; changes to other fields are not.
 */
export class TaskSaver {
  /** The values that are being saved, or that are in conflict. */
  pending = $state.raw<Partial<TaskDraft>>({});
  failure = $state.raw<Failure>();
  conflict = $state.raw<Conflict>();

  #waiting = $state(0);
  #last = Promise.resolve(true);
  readonly #client: Client;
  readonly #task: () => PageTask;
  readonly #onsaved: (task: SavedTask, stillSharedWith: number) => void;

  constructor(
    client: Client,
    task: () => PageTask,
    onsaved: (task: SavedTask, stillSharedWith: number) => void,
  ) {
    this.#client = client;
    this.#task = task;
    this.#onsaved = onsaved;
  }

  get saving(): boolean {
    return this.#waiting > 0;
  }

  /**
   * @param base the task when the edit began; default: when it is this change's turn.
   * @returns whether the fields are saved.
   */
  async save(wanted: Partial<TaskDraft>, base?: Base): Promise<boolean> {
    this.pending = { ...this.pending, ...wanted };
    return this.#inTurn(async () => {
      // The page can know a newer version than the one in which the edit began.
      const latest = baseOf(this.#task());
      const saved = await this.#saveFields(wanted, base ?? latest, latest);
      if (!this.conflict) {
        const others = Object.entries(this.pending).filter(([field]) => !(field in wanted));
        this.pending = Object.fromEntries(others);
      }
      return saved;
    });
  }

  /** Saves labels; the change is applied to the current labels, so that those of others stay. */
  async saveLabels(change: (labels: readonly string[]) => string[]): Promise<boolean> {
    return this.#inTurn(() => {
      const shown = this.#task();
      return this.#send(baseOf(shown), (_base, current) => ({ labels: change((current ?? shown).labels) }));
    });
  }

  /** Saves another parent; null makes it a task without one. */
  async saveParent(parentId: string | null): Promise<boolean> {
    return this.#inTurn(() => this.#send(baseOf(this.#task()), () => ({ parentId })));
  }

  /** Saves one change at a time: each needs the version that the one before has made. */
  #inTurn(save: () => Promise<boolean>): Promise<boolean> {
    this.#waiting += 1;
    const turn = this.#last.then(save).finally(() => (this.#waiting -= 1));
    this.#last = turn;
    return turn;
  }

  async #saveFields(wanted: Partial<TaskDraft>, base: Base, latest: Base): Promise<boolean> {
    this.conflict = undefined;
    const mine = { ...base.draft, ...wanted };
    const fields = differences(base.draft, mine);
    if (fields.length === 0) return true;
    const input = changesOf(base.draft, mine);
    const saved = await this.#send(latest.version > base.version ? latest : base, (current) => {
      if (fields.every((field) => current.draft[field] === base.draft[field])) return input;
      this.#clash(wanted, base, current);
      return undefined;
    });
    // Texts have the browser's own undo, and a move tells who still has access.
    if (saved && !fields.some((field) => ['title', 'description', 'teamId'].includes(field)))
      this.#offerUndo(changesOf(mine, base.draft), input);
    return saved;
  }

  #offerUndo(before: Changes, after: Changes): void {
    const { id, title, version } = this.#task();
    undoStack.add({
      done: 'Saved',
      undone: `“${title}” is as before`,
      undo: async () => {
        const { revertTasks } = await import('../task/change-tasks.ts');
        return revertTasks(this.#client, [{ id, title, version, before, after }]);
      },
    });
  }

  /** @param inputFor returns the input for a version of the task; undefined if it is in conflict. */
  async #send(
    base: Base,
    inputFor: (base: Base, current?: CurrentTask) => Changes | undefined,
  ): Promise<boolean> {
    const { id } = this.#task();
    this.failure = undefined;
    let { version } = base;
    let changes = inputFor(base);
    for (let attempt = 1; changes !== undefined; attempt += 1) {
      const input = { id, version, ...changes };
      const { data, error } = await this.#client.mutation(SaveTask, { input }).toPromise();
      if (data) this.#onsaved(data.updateTask.task, data.updateTask.stillSharedWith);
      if (!error) return true;
      const failure = describeFailure(error);
      const current = failure.current as CurrentTask | undefined;
      if (!current || attempt === mostAttempts) {
        this.failure = failure;
        return false;
      }
      changes = inputFor({ version: current.version, draft: draftOfCurrent(current) }, current);
      ({ version } = current);
    }
    return false;
  }

  #clash(wanted: Partial<TaskDraft>, base: Base, current: Base): void {
    this.conflict = {
      before: base.draft,
      now: current.draft,
      useTheirs: () => {
        this.conflict = undefined;
        this.pending = {};
      },
      keepMine: () => this.save(wanted, current),
    };
  }
}
