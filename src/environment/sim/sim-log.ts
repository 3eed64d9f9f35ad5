import { SIM_LOG_LINES_MAX } from '../../limits.ts';
import type { LogFields, Logger, Micros, NodeId } from '../environment.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line of a node's log in a simulated world. */
export interface LogLine {
  readonly timeMicros: Micros;
  readonly node: NodeId;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** The log of a world: the last SIM_LOG_LINES_MAX lines, and a sink that sees every one. */
export class WorldLog {
  private readonly ring: LogLine[] = [];
  private written = 0;
  private readonly sink: ((line: LogLine) => void) | undefined;

  constructor(sink?: (line: LogLine) => void) {
    this.sink = sink;
  }

  write(line: LogLine): void {
    this.ring[this.written++ % SIM_LOG_LINES_MAX] = line;
    this.sink?.(line);
  }

  /** The lines that are remembered, oldest first. */
  lines(): readonly LogLine[] {
    const split = this.written % SIM_LOG_LINES_MAX;
    return this.written <= SIM_LOG_LINES_MAX ? [...this.ring] : [...this.ring.slice(split), ...this.ring.slice(0, split)];
  }
}

/** A node's logger that writes to the world's log. */
export function simLogger(log: WorldLog, node: NodeId, now: () => Micros, base: LogFields = {}): Logger {
  const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
    log.write({ timeMicros: now(), node, level, event, fields: { ...base, ...fields } });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => simLogger(log, node, now, { ...base, ...fields }),
  };
}
