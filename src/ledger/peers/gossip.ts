import type { Logger, Metrics, Network, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { GOSSIP_FRAME_BYTES_MAX, GOSSIP_ON_CONNECT_MAX, GOSSIP_WAITING_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface GossipOptions {
  readonly network: Network;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly isSealer: (peer: NodeId) => boolean;
  /** Whether a transaction is pooled already, which most are that come from a second peer. */
  readonly isPooled: (raw: Uint8Array) => boolean;
  /** Takes a transaction into the pool. @throws TreadleError POOL_* */
  readonly admit: (raw: Uint8Array) => Promise<SignedTransaction>;
  /** Pooled transactions, oldest first. */
  readonly pooled: () => Iterable<SignedTransaction>;
}

/** Refusals that an honest peer causes too: its view of the chain or of the pool differs from ours for a moment. */
const HONEST_REFUSALS: ReadonlySet<string> = new Set([
  'POOL_KNOWN',
  'POOL_FULL',
  'POOL_SENDER_FULL',
  'POOL_NONCE_TOO_LOW',
  'POOL_NONCE_TOO_HIGH',
  'POOL_UNDERPRICED_REPLACEMENT',
  'POOL_INSUFFICIENT_FUNDS',
  'POOL_SENDER_NOT_EOA',
  'LEDGER_CLOSED',
]);

/**
 * Passes transactions on: from where they come in, to every sealer. A sealer tells the others itself, so what comes
 * from a sealer goes no further.
 */
export class Gossip {
  private readonly options: GossipOptions;
  private waiting = 0;

  constructor(options: GossipOptions) {
    this.options = options;
  }

  register(): void {
    const { network } = this.options;
    network.onFrame(LEDGER_PROTOCOLS.transactions, (from, frame) => this.receive(from, frame));
    network.onPeer((event) => {
      if (event.type === 'connected' && this.options.isSealer(event.peer)) this.introduce(event.peer);
    });
  }

  /** Sends a transaction to the sealers, or to every peer when none of them is connected. */
  spread(signed: SignedTransaction, from?: NodeId): void {
    const { network, isSealer } = this.options;
    const others = network.peers().filter((peer) => peer !== from);
    const sealers = others.filter(isSealer);
    const frame = encode([signed.raw]);
    for (const peer of sealers.length > 0 ? sealers : others) network.send(peer, LEDGER_PROTOCOLS.transactions, frame, 'bulk');
  }

  /** Hands a sealer that has just connected what waits here, in frames of bounded size. */
  private introduce(peer: NodeId): void {
    const { network, pooled } = this.options;
    let batch: Uint8Array[] = [];
    let sizeBytes = 0;
    let count = 0;
    const flush = (): void => {
      if (batch.length > 0) network.send(peer, LEDGER_PROTOCOLS.transactions, encode(batch), 'bulk');
      batch = [];
      sizeBytes = 0;
    };
    for (const { raw } of pooled()) {
      if (++count > GOSSIP_ON_CONNECT_MAX) break;
      if (sizeBytes + raw.length > GOSSIP_FRAME_BYTES_MAX) flush();
      batch.push(raw);
      sizeBytes += raw.length;
    }
    flush();
  }

  private receive(from: NodeId, frame: Uint8Array): void {
    let raws: readonly Uint8Array[];
    try {
      raws = readTransactions(frame);
    } catch (error) {
      this.options.network.penalise(from, reasonOf(error));
      return;
    }
    for (const raw of raws) {
      if (this.options.isPooled(raw)) continue;
      if (this.waiting >= GOSSIP_WAITING_MAX) {
        this.options.metrics.count('ledger_gossip_dropped_total');
        return;
      }
      this.waiting += 1;
      void this.take(from, raw).finally(() => {
        this.waiting -= 1;
      });
    }
  }

  private async take(from: NodeId, raw: Uint8Array): Promise<void> {
    try {
      const signed = await this.options.admit(raw);
      if (!this.options.isSealer(from)) this.spread(signed, from);
    } catch (error) {
      if (error instanceof TreadleError && HONEST_REFUSALS.has(error.code)) return;
      if (error instanceof TreadleError && error.code.startsWith('POOL_')) this.options.network.penalise(from, reasonOf(error));
      else this.options.log.error('gossip-failed', { peer: from, reason: reasonOf(error) });
    }
  }
}

const readTransactions = rememberByIdentity((frame: Uint8Array): readonly Uint8Array[] =>
  listOf(decode(frame, 'frame of transactions'), 'frame of transactions').map((item) => bytesOf(item, 'transaction')),
);

export function reasonOf(error: unknown): string {
  return error instanceof TreadleError ? error.detail : String(error);
}
