import type { Micros } from '../../environment/index.ts';
import {
  EXCHANGE_PACE_BYTES,
  EXCHANGE_PACE_MICROS_MAX,
  EXCHANGE_PACE_MICROS_MIN,
  EXCHANGE_UNDER_WAY_MICROS,
} from '../../limits.ts';

/** How much of the pace is that of the latest sample. */
const LATEST_SHARE = 0.5;

/**
 * How many bytes a second a line takes, seen by acknowledgements while something is under way. Nothing overtakes what has been
 * handed to the network: on a thin line, windows of a fixed size would be full of chunks for many seconds.
 */
export class LinePace {
  private perSecond: number | undefined;
  private sinceMicros: Micros = 0;
  private sampleMicros = 0;
  private sampleBytes = 0;

  /** Something is sent after a pause, which tells nothing. */
  begin(now: Micros): void {
    this.sinceMicros = now;
  }

  /** So many bytes more have arrived. */
  arrived(bytes: number, now: Micros): void {
    this.sampleBytes += bytes;
    this.sampleMicros += now - this.sinceMicros;
    this.sinceMicros = now;
    if (this.sampleMicros < EXCHANGE_PACE_MICROS_MIN) return;
    // Of a thin line a chunk more or less makes all the difference in a short time.
    const isEnough = this.sampleBytes >= EXCHANGE_PACE_BYTES || this.sampleMicros >= EXCHANGE_PACE_MICROS_MAX;
    if (!isEnough && this.perSecond !== undefined) return;
    const sample = (this.sampleBytes * 1e6) / this.sampleMicros;
    this.perSecond = this.perSecond === undefined ? sample : LATEST_SHARE * sample + (1 - LATEST_SHARE) * this.perSecond;
    this.sampleBytes = 0;
    this.sampleMicros = 0;
  }

  /** Bytes that may be under way, at most `max`: `start`, and what arrives in a moment that is longer than a round trip. */
  window({ start, max }: { readonly start: number; readonly max: number }): number {
    return Math.min(max, start + this.carries(EXCHANGE_UNDER_WAY_MICROS, 0));
  }

  /** Bytes that arrive in such a time; `unknown` as long as nothing is known. */
  carries(micros: Micros, unknown: number): number {
    return this.perSecond === undefined ? unknown : (this.perSecond * micros) / 1e6;
  }
}
