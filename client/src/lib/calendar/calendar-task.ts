import type { CalendarQuery } from '../../gql/graphql.ts';

export type CalendarTask = CalendarQuery['tasks']['nodes'][number];

/** What happens to a task that is dragged, over the days by their place. */
export interface TaskDrag {
  ondragstart: () => void;
  ondragover: (place: number | undefined) => void;
  ondragdrop: (task: CalendarTask, place: number | undefined) => void;
}
