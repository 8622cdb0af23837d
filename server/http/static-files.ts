import type { Readable } from 'node:stream';
import sirv, { type Options, type RequestHandler } from 'sirv';

/**
 * Serves the files that `folder` has at the start, with their compressed forms. A file that is gone by the time of the
 * request, as during an upgrade in place, ends the connection; sirv leaves the stream's error unhandled, which would
 * end the process.
 */
export function staticFiles(folder: string, options: Options): RequestHandler {
  const serve = sirv(folder, { etag: true, gzip: true, brotli: true, ...options });
  return (request, response, next) => {
    response.once('pipe', (file: Readable) => file.once('error', () => response.destroy()));
    serve(request, response, next);
  };
}
