import type { Clock, Timer } from '../../environment/index.ts';
import { PRUNE_PAUSE_MICROS } from '../../limits.ts';

/** The waits of work in the background, which all end when the ledger closes. */
export class Pauses {
  private readonly clock: Clock;
  private readonly open = new Map<Timer, () => void>();
  private ended = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Calls `action` after a delay, unless the ledger closes first. */
  after(delayMicros: number, action: () => void, label: string): void {
    this.plan(delayMicros, label, action, () => undefined);
  }

  /** Waits; returns at once when the ledger closes. */
  wait(delayMicros: number, label: string): Promise<void> {
    return new Promise((resolve) => this.plan(delayMicros, label, resolve, resolve));
  }

  /** A short wait between two steps of work that is not urgent. */
  short(): Promise<void> {
    return this.wait(PRUNE_PAUSE_MICROS, 'a step in the background');
  }

  close(): void {
    this.ended = true;
    for (const [timer, end] of [...this.open]) {
      this.clock.cancel(timer);
      end();
    }
    this.open.clear();
  }

  private plan(delayMicros: number, label: string, action: () => void, end: () => void): void {
    if (this.ended) return end();
    const fire = (): void => {
      this.open.delete(timer);
      action();
    };
    const timer = this.clock.set(delayMicros, fire, label);
    this.open.set(timer, end);
  }
}
