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

/** Tabs of one browser share a session. A channel does not hear what it says itself. */
const channel = new BroadcastChannel('taskwire.session');

/** Tells the other tabs that a session has begun. */
export function announceSignIn(): void {
  channel.postMessage('begun');
}

/** @returns what stops listening. */
export function onSignInElsewhere(listener: () => void): () => void {
  channel.addEventListener('message', listener);
  return () => {
    channel.removeEventListener('message', listener);
  };
}
