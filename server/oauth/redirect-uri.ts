const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Desktop applications that use a scheme without the domain that RFC 8252 asks for. */
const KNOWN_SCHEMES = new Set(['cursor:', 'vscode:', 'vscode-insiders:']);

const LONGEST = 2_000;

/** Why clients cannot use a redirect URI; null if they can. */
export function whyNoRedirect(uri: string): string | null {
  if (uri.length > LONGEST || !URL.canParse(uri))
    return 'A redirect URI must be a URL of at most 2,000 characters.';
  // The parser ignores these, so two readers could disagree about the address.
  if (/[\s\\\p{Cc}]/u.test(uri))
    return 'A redirect URI must not contain spaces, backslashes or control characters.';
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes('#')) return 'A redirect URI must not have a fragment.';
  if (username !== '' || password !== '') return 'A redirect URI must not contain a user name or password.';
  if (protocol === 'https:') return null;
  if (protocol === 'http:' && LOOPBACK.has(hostname)) return null;
  // RFC 8252 bases schemes of applications on a domain name, such as `com.example.app`.
  if (protocol.includes('.') || KNOWN_SCHEMES.has(protocol)) return null;
  return 'A redirect URI must use https, http to this device (127.0.0.1, [::1] or localhost), or a scheme such as com.example.app.';
}

/** Exact match, except that programs on the same device choose a free port (RFC 8252, section 7.3). */
export function isRegistered(registered: readonly string[], uri: string): boolean {
  return registered.includes(uri) || registered.some((one) => withoutPort(one) === (withoutPort(uri) ?? ''));
}

export function isLoopback(uri: string): boolean {
  return LOOPBACK.has(new URL(uri).hostname);
}

/** What people read: a host, or the scheme of an application on their device. */
export function placeOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
}

/** Null for anything but a loopback address. */
function withoutPort(uri: string): string | null {
  const { protocol } = new URL(uri);
  return protocol === 'http:' && isLoopback(uri) ? uri.replace(/:\d+(?=[/?]|$)/, '') : null;
}
