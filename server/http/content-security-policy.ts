const DIRECTIVES = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];

/** The Content-Security-Policy of pages. @param hashes of the page's inline scripts, such as `'sha256-…'`. */
export function contentSecurityPolicy(hashes: readonly string[] = []): string {
  return [...DIRECTIVES, ["script-src 'self'", ...hashes].join(' ')].join('; ');
}
