/**
 * Whether the browser has a session. Asks at a path that answers strangers too: browsers show an error in the console
 * for every 401.
 */
export async function isSignedIn(): Promise<boolean> {
  try {
    const response = await fetch('/api/auth/get-session');
    return response.ok && (await response.json()) !== null;
  } catch {
    return false;
  }
}
