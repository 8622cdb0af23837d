/** Whether the browser has a session. Uses a path that never answers 401, which browsers log as an error. */
export async function isSignedIn(): Promise<boolean> {
  try {
    const response = await fetch('/api/auth/get-session');
    return response.ok && (await response.json()) !== null;
  } catch {
    return false;
  }
}

/** Tabs of one browser share a session. A channel does not receive its own messages. */
const channel = new BroadcastChannel('taskwire.session');

/** Tells the other tabs that a session has begun. */
export function announceSignIn(): void {
  channel.postMessage('begun');
}

/** @returns a function that removes the listener. */
export function onSignInElsewhere(listener: () => void): () => void {
  channel.addEventListener('message', listener);
  return () => {
    channel.removeEventListener('message', listener);
  };
}
