import type { Clock, Logger, Metrics, Network, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import {
  GOSSIP_FRAME_BYTES_MAX,
  GOSSIP_GATHER_MICROS,
  GOSSIP_GATHERED_MAX,
  GOSSIP_ON_CONNECT_MAX,
  GOSSIP_SLICE_TRANSACTIONS,
  GOSSIP_WAITING_MAX,
} from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { MemoryBudget } from '../payload/payload.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface GossipOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly isSealer: (peer: NodeId) => boolean;
  /** Whether a transaction is pooled already, which most are that come from a second peer. */
  readonly isPooled: (raw: Uint8Array) => boolean;
  /** Takes a transaction into the pool. @throws TreadleError POOL_* */
  readonly admit: (raw: Uint8Array) => Promise<SignedTransaction>;
  /** What transactions that wait to be checked are taken from. */
  readonly memory: MemoryBudget;
  /** Pooled transactions, oldest first. */
  readonly pooled: () => Iterable<SignedTransaction>;
}

/** Refusals that an honest peer causes too: its view of the chain or of the pool differs from ours for a moment. */
const HONEST_REFUSALS: ReadonlySet<string> = new Set([
  'POOL_KNOWN',
  'POOL_FULL',
  'POOL_BUSY',
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
  /** Own clients' transactions that go out together. */
  private gathered: SignedTransaction[] = [];
  /** Something was sent a moment ago. */
  private gathering = false;
  private readonly arrived: Arrived[] = [];
  private draining = false;

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

  /**
   * Sends transactions of this node's clients on: at once after a moment of silence, else together with those that come within
   * the next moment, because a frame costs its sender and its receiver more than a transaction in it.
   */
  spread(transactions: readonly SignedTransaction[]): void {
    this.gathered.push(...transactions);
    if (!this.gathering || this.gathered.length >= GOSSIP_GATHERED_MAX) this.flush();
  }

  private flush(): void {
    const transactions = this.gathered;
    this.gathered = [];
    if (transactions.length === 0) return;
    this.send(transactions);
    if (this.gathering) return;
    this.gathering = true;
    const momentOver = (): void => {
      this.gathering = false;
      this.flush();
    };
    this.options.clock.set(GOSSIP_GATHER_MICROS, momentOver, 'gather transactions');
  }

  /** Sends transactions to the sealers, or to every peer when none of them is connected, in frames of bounded size. */
  private send(transactions: readonly SignedTransaction[], from?: NodeId): void {
    const { network, isSealer } = this.options;
    const others = network.peers().filter((peer) => peer !== from);
    const sealers = others.filter(isSealer);
    const peers = sealers.length > 0 ? sealers : others;
    for (const frame of framesOf(transactions)) {
      for (const peer of peers) network.send(peer, LEDGER_PROTOCOLS.transactions, frame, 'bulk');
    }
  }

  /** Hands a sealer that has just connected what waits here, in frames of bounded size. */
  private introduce(peer: NodeId): void {
    const { network, pooled } = this.options;
    const first: SignedTransaction[] = [];
    for (const signed of pooled()) if (first.push(signed) >= GOSSIP_ON_CONNECT_MAX) break;
    for (const frame of framesOf(first)) network.send(peer, LEDGER_PROTOCOLS.transactions, frame, 'bulk');
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
      // What waits keeps its frame in memory; what is dropped travels again with a proposal.
      const giveBack = this.waiting < GOSSIP_WAITING_MAX ? this.options.memory.take(raw.length) : undefined;
      if (giveBack === undefined) {
        this.options.metrics.count('ledger_gossip_dropped_total');
        return;
      }
      this.waiting += 1;
      this.arrived.push({ from, raw, giveBack });
    }
    if (!this.draining) this.drain();
  }

  /** Checks a few and then lets others have their turn: a vote must not wait for thousands of signatures. */
  private drain(): void {
    for (const { from, raw, giveBack } of this.arrived.splice(0, GOSSIP_SLICE_TRANSACTIONS)) {
      void this.take(from, raw).finally(() => {
        this.waiting -= 1;
        giveBack();
      });
    }
    this.draining = this.arrived.length > 0;
    if (this.draining) this.options.clock.set(0, () => this.drain(), 'check transactions');
  }

  private async take(from: NodeId, raw: Uint8Array): Promise<void> {
    try {
      const signed = await this.options.admit(raw);
      if (!this.options.isSealer(from)) this.send([signed], from);
    } catch (error) {
      if (error instanceof TreadleError && HONEST_REFUSALS.has(error.code)) return;
      if (error instanceof TreadleError && error.code.startsWith('POOL_')) this.options.network.penalise(from, reasonOf(error));
      else this.options.log.error('gossip-failed', { peer: from, reason: reasonOf(error) });
    }
  }
}

interface Arrived {
  readonly from: NodeId;
  readonly raw: Uint8Array;
  readonly giveBack: () => void;
}

/** Transactions in frames of bounded size; one that is larger goes alone. */
function* framesOf(transactions: readonly SignedTransaction[]): Iterable<Uint8Array> {
  let batch: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const { raw } of transactions) {
    if (batch.length > 0 && sizeBytes + raw.length > GOSSIP_FRAME_BYTES_MAX) {
      yield encode(batch);
      batch = [];
      sizeBytes = 0;
    }
    batch.push(raw);
    sizeBytes += raw.length;
  }
  if (batch.length > 0) yield encode(batch);
}

const readTransactions = rememberByIdentity((frame: Uint8Array): readonly Uint8Array[] =>
  listOf(decode(frame, 'frame of transactions'), 'frame of transactions').map((item) => bytesOf(item, 'transaction')),
);

export function reasonOf(error: unknown): string {
  return error instanceof TreadleError ? error.detail : String(error);
}
