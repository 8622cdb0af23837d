/** The path of a task's page. */
export function addressOfTask(id: string): string {
  return `/t/${id}`;
}
