import type { OrderDirection, TaskOrderField } from '../../gql/graphql.ts';

/** The address of a file with the tasks of a filter. */
export function exportAddress(
  format: 'csv' | 'jsonl',
  filter: string,
  { field, direction }: { field: TaskOrderField; direction: OrderDirection },
): string {
  const parameters = new URLSearchParams({ filter, order: `${field}:${direction}` });
  // The mark tells spreadsheets that the text is UTF-8.
  if (format === 'csv') parameters.set('bom', '1');
  return `/export/tasks.${format}?${parameters.toString()}`;
}
