type Filter = 'team' | 'kind' | 'person';

/** The address of the activity with one filter changed; an empty value removes it. */
export function addressWith(current: string, name: Filter, value: string): string {
  const parameters = new URLSearchParams(current);
  if (value === '') parameters.delete(name);
  else parameters.set(name, value);
  // The person may not be in the other team.
  if (name === 'team') parameters.delete('person');
  return `/activity?${parameters}`;
}
