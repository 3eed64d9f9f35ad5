import { type Logger as PinoLogger, pino } from 'pino';
import type { LogFields, Logger, NodeId } from '../environment.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface HostLogOptions {
  readonly node: NodeId;
  readonly level: LogLevel;
  /** A file, or standard error when left out. */
  readonly file?: string;
}

/** JSON lines with the event as `msg`, the fields beside it. */
export function hostLog(options: HostLogOptions): Logger & { readonly close: () => Promise<void> } {
  // Written synchronously: the lines around a crash are the ones that matter, and a node logs a few lines per second.
  const destination = pino.destination({ dest: options.file ?? 2, mkdir: true, sync: true });
  const logger = pino(
    { level: options.level, base: { node: options.node }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
  return {
    ...wrap(logger),
    close: async () => {
      destination.flushSync();
      if (options.file !== undefined) destination.end();
    },
  };
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (event, fields) => logger.debug(plain(fields), event),
    info: (event, fields) => logger.info(plain(fields), event),
    warn: (event, fields) => logger.warn(plain(fields), event),
    error: (event, fields) => logger.error(plain(fields), event),
    child: (fields) => wrap(logger.child(plain(fields))),
  };
}

/** JSON has no big integers. */
function plain(fields: LogFields = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]),
  );
}
