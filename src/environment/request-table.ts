import { TreadleError } from '../errors.ts';
import { PEER_REQUESTS_MAX, PEER_REQUESTS_WAITING_MAX, REQUEST_TIMEOUT_MICROS } from '../limits.ts';
import type { Clock, Micros, Timer } from './environment.ts';
import './errors.ts';

interface Pending {
  readonly timer: Timer;
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Waiting extends Pending {
  readonly id: number;
  readonly transmit: (id: number) => void;
}

/**
 * The requests of one node to one peer: at most PEER_REQUESTS_MAX are under way, the next ones wait their turn,
 * and each ends exactly once: answered, failed, timed out or cut off with the connection.
 */
export class RequestTable {
  private readonly pending = new Map<number, Pending>();
  private readonly waiting = new Map<number, Waiting>();
  private readonly clock: Clock;
  private nextId = 1;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Sends through `transmit` as soon as it is this request's turn. The timeout counts from now. */
  open(label: string, timeoutMicros: Micros | undefined, transmit: (id: number) => void): Promise<Uint8Array> {
    const id = this.nextId;
    // Ids travel as 32 bits; by the time they come round again the old request is long over.
    this.nextId = (id % 0xffff_ffff) + 1;
    if (this.waiting.size >= PEER_REQUESTS_WAITING_MAX) {
      return Promise.reject(new TreadleError('NETWORK_BUSY', { detail: `${label}: too many requests wait for this peer` }));
    }
    return new Promise((resolve, reject) => {
      const micros = timeoutMicros ?? REQUEST_TIMEOUT_MICROS;
      const timer = this.clock.set(micros, () => this.expire(id, label, micros), label);
      if (this.pending.size < PEER_REQUESTS_MAX) {
        this.pending.set(id, { timer, resolve, reject });
        transmit(id);
      } else {
        this.waiting.set(id, { id, timer, resolve, reject, transmit });
      }
    });
  }

  answer(id: number, body: Uint8Array): void {
    this.finish(id)?.resolve(body);
  }

  fail(id: number, error: Error): void {
    this.finish(id)?.reject(error);
  }

  /** Ends everything that is open with `error`. */
  close(error: Error): void {
    const open = [...this.pending.values(), ...this.waiting.values()];
    this.pending.clear();
    this.waiting.clear();
    for (const request of open) {
      this.clock.cancel(request.timer);
      request.reject(error);
    }
  }

  private expire(id: number, label: string, micros: Micros): void {
    this.fail(id, new TreadleError('NETWORK_TIMEOUT', { detail: `${label}: no answer within ${micros} us`, data: { micros } }));
  }

  private finish(id: number): Pending | undefined {
    const pending = this.pending.get(id) ?? this.waiting.get(id);
    if (pending === undefined) return undefined;
    this.clock.cancel(pending.timer);
    this.waiting.delete(id);
    if (this.pending.delete(id)) this.startNext();
    return pending;
  }

  private startNext(): void {
    for (const next of this.waiting.values()) {
      this.waiting.delete(next.id);
      this.pending.set(next.id, next);
      next.transmit(next.id);
      return;
    }
  }
}
