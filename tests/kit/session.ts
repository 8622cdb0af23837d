import { openSession as open, type Session } from '../../server/database/session.ts';

/** A separate connection; `await using` closes it. */
export function openSession(url: string): Promise<Session> {
  return open(url, { application_name: 'taskwire tests' });
}
