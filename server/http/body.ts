import type { IncomingMessage } from 'node:http';

export type BodyFault = 'broken' | 'too-long' | 'not-utf-8';

const BODY_STATUS = { broken: 400, 'too-long': 413, 'not-utf-8': 400 } as const;

export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
  readonly status: number;

  constructor(fault: BodyFault) {
    super(
      {
        broken: 'The connection closed before the end of the body.',
        'too-long': 'The body is too long.',
        'not-utf-8': 'The body is not valid UTF-8.',
      }[fault],
    );
    this.status = BODY_STATUS[fault];
  }
}

/** @throws UnreadableBody if the body is too long, is not valid UTF-8, or is incomplete. */
export function textOf(request: IncomingMessage, mostBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request
      .on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= mostBytes) {
          chunks.push(chunk);
          return;
        }
        chunks.length = 0;
        reject(new UnreadableBody('too-long'));
      })
      .once('end', () => {
        const text = decoded(Buffer.concat(chunks));
        if (text === null) reject(new UnreadableBody('not-utf-8'));
        else resolve(text);
      })
      .once('error', () => {
        reject(new UnreadableBody('broken'));
      });
  });
}

/** Null for invalid UTF-8: replacement characters would be stored. */
function decoded(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The error message for an unsupported charset or encoding; null if the body can be read. */
export function whyUnreadable({ headers }: IncomingMessage): string | null {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(charset))
    return 'Send the body in UTF-8, with the header "Content-Type: application/json".';
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') return 'Send the body without Content-Encoding.';
  return null;
}

export function hasUndecodableQuery(url: string | undefined): boolean {
  const query = url?.split('?').slice(1).join('?') ?? '';
  try {
    decodeURIComponent(query);
    return false;
  } catch {
    return true;
  }
}
