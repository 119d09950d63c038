import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** JSON lines on standard output, or readable ones on a terminal. */
export function createLogger(options: { readonly level: string; readonly format: 'json' | 'pretty' | 'auto' }): Logger {
  const readable = options.format === 'pretty' || (options.format === 'auto' && process.stdout.isTTY);
  const base = { level: options.level, base: { pid: process.pid } };
  return readable ? pino(base, pretty({ sync: true, colorize: process.stdout.isTTY })) : pino(base);
}
