import { pino, stdSerializers, type Logger as PinoLogger } from 'pino';
import type { LogLevel } from './config.ts';
import { classify } from './database/failures.ts';
import { summarizeRepeats } from './observability/repeated-lines.ts';

export type Logger = PinoLogger;

const MOST_WAITING = 1024 * 1024;

/** A full disk or a closed pipe loses log lines, but does not affect the server. */
function standardError() {
  const destination = pino.destination({
    dest: 2,
    sync: true,
    maxLength: MOST_WAITING,
    retryEAGAIN: () => false,
  });
  destination.on('error', () => undefined);
  // Writes are synchronous; the original would wait while the disk is full.
  destination.flushSync = () => undefined;
  return destination;
}

/** JSON lines on standard error, without credentials. */
export function createLogger(level: LogLevel): Logger {
  const summarized = summarizeRepeats();
  return pino(
    {
      hooks: {
        logMethod(line, method) {
          summarized(line, (given) => {
            method.apply(this, given as Parameters<typeof method>);
          });
        },
      },
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: wordsOf },
      redact: ['*.password', '*.token', '*.authorization', '*.cookie'],
    },
    standardError(),
  );
}

/** The type, message and stack of an error. Other properties can contain user data or passwords. */
export function wordsOf(error: Error): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, message: said, stack: whole, ...rest } = stdSerializers.err(error);
  const message = withoutValues(error, said);
  // While the database is unavailable, the stack is always the same.
  if (classify(error).connectionLost) return { type, message, code: rest['code'] as unknown };
  const frames = whole.match(/^ +at .*$/gm) ?? [];
  const stack = message === said ? whole : [message, ...frames].join('\n');
  return { type, message, stack, code: rest['code'] as unknown };
}

/** PostgreSQL errors that quote data. */
const ABOUT_DATA = '22';

function withoutValues(error: Error, message: string): string {
  if (classify(error).sqlState?.startsWith(ABOUT_DATA)) return message.replace(/"[^]*"/, '"…"');
  // Prisma includes the arguments of an invalid call.
  return message.replace(/^\{\n[^]*^\}$/m, '{ … }');
}
