import type { ServerResponse } from 'node:http';

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

const YEAR_SECONDS = 365 * 24 * 60 * 60;

export function securityHeaders(publicUrl: string): (response: ServerResponse) => void {
  const headers = Object.entries(HEADERS);
  if (publicUrl.startsWith('https:')) headers.push(['Strict-Transport-Security', `max-age=${YEAR_SECONDS}`]);
  return (response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
  };
}
