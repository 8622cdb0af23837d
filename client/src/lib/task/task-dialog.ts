import type { FragmentType } from '../../gql/fragment-masking.ts';
import type {
  ShareTask_TaskFragmentDoc,
  TaskEditor_TaskFragmentDoc,
  TaskRow_TaskFragment,
} from '../../gql/graphql.ts';
import type { TaskDraft } from './task-draft.ts';

/** The fields that are set by one key, or for many tasks at once. */
export type QuickField = 'due' | 'priority' | 'assignee' | 'labels' | 'team';

/** A dialog of the list. */
export type TaskDialog =
  | { dialog: 'menu' | 'duplicate'; task: TaskRow_TaskFragment }
  | { dialog: 'share'; task: FragmentType<typeof ShareTask_TaskFragmentDoc> }
  | { dialog: 'edit'; task: FragmentType<typeof TaskEditor_TaskFragmentDoc>; typed?: TaskDraft }
  | { dialog: QuickField | 'delete-many'; tasks: readonly TaskRow_TaskFragment[] };
