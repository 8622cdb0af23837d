import { pino, stdSerializers, type Logger as PinoLogger } from 'pino';
import type { LogLevel } from './config.ts';
import { classify } from './database/failures.ts';
import { summarizeRepeats } from './observability/repeated-lines.ts';

export type Logger = PinoLogger;

/** Lines that nobody takes wait for the next one, up to so many characters. */
const MOST_WAITING = 1024 * 1024;

/** Standard error. A disk that is full or a reader that is gone takes lines from the log, but nothing from the server. */
function standardError() {
  const destination = pino.destination({
    dest: 2,
    sync: true,
    maxLength: MOST_WAITING,
    retryEAGAIN: () => false,
  });
  destination.on('error', () => undefined);
  // What is written at once needs none, and this one waits for as long as the disk is full.
  destination.flushSync = () => undefined;
  return destination;
}

/** The structured log, one JSON object a line on standard error. Credentials never get that far. */
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

/**
 * What an error says of itself. What libraries add may be anybody's: PostgreSQL tells the row that it refused, and a
 * Redis client the password that was.
 */
export function wordsOf(error: Error): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, message: said, stack: whole, ...rest } = stdSerializers.err(error);
  const message = withoutValues(error, said);
  // Where the database is away, the same stack stands in every line.
  if (classify(error).connectionLost) return { type, message, code: rest['code'] as unknown };
  const frames = whole.match(/^ +at .*$/gm) ?? [];
  const stack = message === said ? whole : [message, ...frames].join('\n');
  return { type, message, stack, code: rest['code'] as unknown };
}

/** PostgreSQL's errors about data: they quote it. */
const ABOUT_DATA = '22';

function withoutValues(error: Error, message: string): string {
  if (classify(error).sqlState?.startsWith(ABOUT_DATA)) return message.replace(/"[^]*"/, '"…"');
  // Prisma shows a call that it does not understand with its arguments.
  return message.replace(/^\{\n[^]*^\}$/m, '{ … }');
}
