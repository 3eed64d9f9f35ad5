import { invariant, TreadleError } from '../errors.ts';
import { OUTSIDE_CONTENT_BYTES_MAX, OUTSIDE_READS_MAX, OUTSIDE_TIMEOUT_MICROS_MAX } from '../limits.ts';
import type { Environment, Micros } from './environment.ts';
import './errors.ts';
import type { Outside, OutsideOptions, OutsideReading, OutsideSource } from './outside.ts';
import { checkOutsideSource, sourceText } from './outside-source.ts';

export interface ReadTerms {
  readonly maxBytes: number;
  readonly timeoutMicros: Micros;
  /** Aborted when nobody waits for the reading any more: its time is over, or the node stops. */
  readonly signal: AbortSignal;
}

/** How an implementation reads: it need not look at the source's text, the time or how many reads there are. */
export interface SourceReader {
  /** May throw as well as reject. */
  read(source: OutsideSource, terms: ReadTerms): Promise<OutsideReading>;
  close(): Promise<void>;
}

/**
 * What every implementation of {@link Outside} does the same way: it checks the source, bounds how many reads there are,
 * their time and their size, and counts them. Metrics: `outside_reads_total`, `outside_failures_total`, `outside_bytes_total`, `outside_read_ms`.
 */
export function gatedOutside(env: Pick<Environment, 'clock' | 'metrics' | 'log'>, reader: SourceReader): Outside {
  const { clock, metrics, log } = env;
  const open = new Set<(error: TreadleError) => void>();
  let closed = false;

  const start = (source: OutsideSource, options: OutsideOptions): Promise<OutsideReading> =>
    new Promise((resolve, reject) => {
      const aborter = new AbortController();
      const timeoutMicros = Math.min(options.timeoutMicros, OUTSIDE_TIMEOUT_MICROS_MAX);
      const maxBytes = Math.min(options.maxBytes, OUTSIDE_CONTENT_BYTES_MAX);
      let over = false;
      const end = (settle: () => void) => {
        if (over) return;
        over = true;
        clock.cancel(timer);
        open.delete(fail);
        settle();
      };
      const fail = (error: TreadleError) => {
        end(() => reject(error));
        aborter.abort();
      };
      const timer = clock.set(timeoutMicros, () => fail(timedOut(timeoutMicros)), 'a source outside');
      open.add(fail);
      void (async () => reader.read(source, { maxBytes, timeoutMicros, signal: aborter.signal }))().then(
        (reading) => {
          if (reading.content.length > maxBytes) return fail(contentTooLarge(maxBytes));
          end(() => resolve(reading));
        },
        (error: unknown) => end(() => reject(error)),
      );
    });

  return {
    read: async (source, options) => {
      invariant(options.timeoutMicros > 0 && options.maxBytes > 0, 'a read has time and room', { ...options });
      if (closed) throw stopped();
      const startedAt = clock.now();
      try {
        metrics.count('outside_reads_total');
        checkOutsideSource(source);
        if (open.size >= OUTSIDE_READS_MAX) throw new TreadleError('OUTSIDE_BUSY');
        const reading = await start(source, options);
        metrics.count('outside_bytes_total', reading.content.length);
        metrics.observe('outside_read_ms', (clock.now() - startedAt) / 1000);
        return reading;
      } catch (error) {
        metrics.count('outside_failures_total');
        log.debug('outside_failed', { source: safeText(source), error: error instanceof Error ? error.message : String(error) });
        throw error;
      }
    },
    close: async () => {
      closed = true;
      for (const fail of [...open]) fail(stopped());
      await reader.close();
    },
  };
}

/** What a read answers that grew beyond what was asked for. */
export function contentTooLarge(maxBytes: number): TreadleError {
  return new TreadleError('OUTSIDE_TOO_LARGE', {
    detail: `the source has more than the ${maxBytes} bytes that are allowed`,
    data: { maxBytes },
  });
}

function timedOut(timeoutMicros: number): TreadleError {
  return new TreadleError('OUTSIDE_TIMEOUT', {
    detail: `the source did not answer within ${timeoutMicros / 1000} ms`,
    data: { timeoutMicros },
  });
}

function stopped(): TreadleError {
  return new TreadleError('OUTSIDE_UNREACHABLE', { detail: 'this node stops and reads nothing more' });
}

function safeText(source: OutsideSource): string {
  return String(sourceText(source)).slice(0, 200);
}
