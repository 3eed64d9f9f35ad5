import type { Hex } from '../../crypto/index.ts';
import type { Environment, NodeId, Timer } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { PAYLOAD_FETCH_RETRY_MICROS, PAYLOAD_FETCHES_MAX } from '../../limits.ts';
import type { PayloadCommitment, PayloadExchange } from './payload.ts';

export interface PayloadFetcherOptions {
  readonly environment: Environment;
  readonly exchange: Pick<PayloadExchange, 'obtain'>;
  /** Connected peers, the most likely holders first. */
  readonly peers: () => readonly NodeId[];
  /** False once a body is held, or nothing refers to it any more. */
  readonly isWanted: (root: Hex) => boolean;
}

/** Fetches bodies that nothing waits for, a few at a time, until each is held or not wanted any more. */
export class PayloadFetcher {
  private readonly options: PayloadFetcherOptions;
  private readonly queue = new Map<Hex, PayloadCommitment>();
  /** Asked for in vain; they wait for the next round. */
  private failed = new Map<Hex, PayloadCommitment>();
  private readonly running = new Set<Hex>();
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: PayloadFetcherOptions) {
    this.options = options;
    options.environment.network.onPeer(({ type }) => {
      if (type === 'connected') this.retry();
    });
  }

  /** Fetches a body when its turn comes. */
  want(commitment: PayloadCommitment): void {
    const { root } = commitment;
    if (this.running.has(root) || this.queue.has(root) || this.failed.has(root)) return;
    this.queue.set(root, commitment);
    this.next();
  }

  close(): void {
    this.closed = true;
    if (this.timer !== undefined) this.options.environment.clock.cancel(this.timer);
  }

  private next(): void {
    const { environment, peers, isWanted } = this.options;
    for (const [root, commitment] of this.queue) {
      if (this.closed || this.running.size >= PAYLOAD_FETCHES_MAX) return;
      this.queue.delete(root);
      if (!isWanted(root)) continue;
      if (peers().length === 0) {
        this.failed.set(root, commitment);
        continue;
      }
      this.running.add(root);
      void this.fetch(commitment).finally(() => {
        this.running.delete(root);
        this.next();
      });
    }
    if (this.failed.size > 0 && this.running.size === 0) {
      this.timer ??= environment.clock.set(PAYLOAD_FETCH_RETRY_MICROS, () => this.retry(), 'missing payload bodies');
    }
  }

  private async fetch(commitment: PayloadCommitment): Promise<void> {
    const { environment, exchange, peers } = this.options;
    try {
      await exchange.obtain(commitment, peers(), { patient: true });
      environment.metrics.count('payload_bodies_fetched_total');
    } catch (error) {
      if (this.closed) return;
      if (!(error instanceof TreadleError)) environment.log.error('payload-fetch-failed', { reason: String(error) });
      this.failed.set(commitment.root, commitment);
    }
  }

  private retry(): void {
    if (this.timer !== undefined) this.options.environment.clock.cancel(this.timer);
    this.timer = undefined;
    if (this.closed) return;
    for (const [root, commitment] of this.failed) this.queue.set(root, commitment);
    this.failed = new Map();
    this.next();
  }
}
