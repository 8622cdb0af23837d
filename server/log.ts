import { pino, stdSerializers, type Logger } from 'pino';
import type { LogLevel } from './config.ts';

export type Log = Logger;

/** The structured log, one JSON object a line on standard error. Credentials never get that far. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: wordsOf },
      redact: ['*.password', '*.token', '*.authorization', '*.cookie'],
    },
    pino.destination(2),
  );
}

/**
 * What an error says of itself. What libraries add may be anybody's: PostgreSQL tells the row that it refused, and a
 * Redis client the password that was.
 */
function wordsOf(error: Error): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, message, stack, ...rest } = stdSerializers.err(error);
  return { type, message, stack, code: rest['code'] as unknown };
}
