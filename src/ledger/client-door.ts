import type { Address } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { ALONE_MICROS_MAX, BUSY_RETRY_AFTER_MS } from '../limits.ts';
import { setOf } from '../set-of.ts';

export interface ClientDoorOptions {
  readonly environment: Environment;
  readonly sealers: () => readonly Address[];
  /** No other sealer is needed. */
  readonly standsAlone: boolean;
}

/**
 * Whether this node may take transactions from clients. What it takes it has promised to get into a block, which it cannot
 * when no sealer has spoken to it for a while, or when none ever will again because its key seals for nobody any more.
 */
export class ClientDoor {
  private readonly options: ClientDoorOptions;
  private isOutside = false;
  /** When another sealer was connected last, as far as anybody looked. */
  private reachedMicros: number;

  constructor(options: ClientDoorOptions) {
    this.options = options;
    const { network, clock } = options.environment;
    this.reachedMicros = clock.now();
    network.onPeer((event) => {
      if (event.type === 'disconnected' && this.isSealer(event.peer)) this.reachedMicros = clock.now();
    });
  }

  turnAway(isOutside: boolean): void {
    this.isOutside = isOutside;
  }

  /** Why clients are refused at present: POOL_NOT_MEMBER | POOL_ALONE; undefined when they are not. */
  refusal(): TreadleError | undefined {
    if (this.isOutside) return new TreadleError('POOL_NOT_MEMBER');
    if (this.options.standsAlone) return undefined;
    const { network, clock } = this.options.environment;
    const isOnlySealer = this.options.sealers().every((sealer) => sealer === network.self);
    if (isOnlySealer || network.peers().some((peer) => this.isSealer(peer))) this.reachedMicros = clock.now();
    const aloneMicros = clock.now() - this.reachedMicros;
    if (aloneMicros < ALONE_MICROS_MAX) return undefined;
    const data = { aloneMs: Math.round(aloneMicros / 1000), retryAfterMs: BUSY_RETRY_AFTER_MS };
    return new TreadleError('POOL_ALONE', { data });
  }

  private isSealer(peer: Address): boolean {
    return setOf(this.options.sealers()).has(peer);
  }
}
