/**
 * A page of another origin can make a browser send the session's cookie along; such a cookie does not count.
 * Programs send no Origin, and their tokens are no cookies.
 */
export function withoutForeignCookie(given: Headers, publicUrl: string): Headers {
  const headers = new Headers(given);
  if (!isSameOrigin(headers, publicUrl)) headers.delete('cookie');
  return headers;
}

function isSameOrigin(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return false;
  const origin = headers.get('origin');
  if (origin === null || origin === new URL(publicUrl).origin) return true;
  return URL.canParse(origin) && new URL(origin).host === headers.get('host');
}
