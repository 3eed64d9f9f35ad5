import type { Hex } from '../../crypto/index.ts';
import type { Environment, Micros, NodeId, Timer } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { PAYLOAD_ABSENT_MICROS_MAX, PAYLOAD_PULL_AFTER_MICROS, PAYLOAD_RELEASE_BLOCKS } from '../../limits.ts';
import type { ObservedPayloadExchange } from './exchange.ts';
import type { PayloadCommitment } from './payload.ts';
import { PayloadFetcher } from './payload-fetcher.ts';
import { type PayloadChoice, PayloadReadiness } from './payload-readiness.ts';
import type { DiskPayloadStore } from './payload-store.ts';

export interface PayloadsOptions {
  readonly environment: Environment;
  readonly store: DiskPayloadStore;
  readonly exchange: ObservedPayloadExchange;
  /** Connected peers, the most likely holders first. */
  readonly peers: () => readonly NodeId[];
  /** A body that pooled transactions wait for is held now. */
  readonly onHeld: (root: Hex) => void;
  /** Nobody delivered a body that pooled transactions wait for. */
  readonly onAbsent: (root: Hex) => void;
}

/** What the pool waits for. */
interface Expected {
  readonly commitment: PayloadCommitment;
  readonly since: Micros;
  /** Pooled transactions that commit to it: the same file may be sent twice. */
  transactions: number;
}

/** A body of a decided block, for which late pushes are welcome until it is old. */
interface Decided {
  readonly commitment: PayloadCommitment;
  readonly height: number;
}

/** The bodies' way through a ledger: expected with a pooled transaction, received, proposed, kept with a block, fetched when absent. */
export class Payloads {
  private readonly options: PayloadsOptions;
  private readonly readiness: PayloadReadiness;
  private readonly fetcher: PayloadFetcher;
  private readonly expected = new Map<Hex, Expected>();
  private decided: Decided[] = [];
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: PayloadsOptions) {
    this.options = options;
    const { environment, store, exchange, peers } = options;
    this.readiness = new PayloadReadiness(environment.clock, (root) => store.holds(root), exchange);
    const isWanted = (root: Hex): boolean => !store.holds(root) && (this.expected.has(root) || store.isWanted(root));
    this.fetcher = new PayloadFetcher({ environment, exchange, peers, isWanted });
    store.onHeld = ({ root }) => this.held(root);
    store.onLost = (commitment) => this.fetcher.want(commitment);
  }

  /** Registers the protocols and begins to fetch what blocks refer to and this node lacks; call it before the network starts. */
  start(): void {
    this.options.exchange.register();
    for (const commitment of this.options.store.wanted()) this.fetcher.want(commitment);
    // Of a client's transaction that was acknowledged before a restart, others may not have the body yet.
    for (const { commitment } of this.expected.values()) {
      if (this.holds(commitment.root)) this.options.exchange.spread(commitment);
    }
  }

  /** Deletes bodies that neither a block nor the pool refers to; after a start, when the pool is back. */
  sweep(): Promise<void> {
    return this.options.store.sweep((root) => this.expected.has(root));
  }

  holds(root: Hex): boolean {
    return this.options.store.holds(root);
  }

  /** A pooled transaction commits to this body. */
  expect(commitment: PayloadCommitment): void {
    const known = this.expected.get(commitment.root);
    if (known !== undefined) known.transactions += 1;
    else this.expected.set(commitment.root, { commitment, since: this.options.environment.clock.now(), transactions: 1 });
    this.options.exchange.expect(commitment);
    if (!this.holds(commitment.root)) this.watch();
  }

  /** Stores a client's body and passes it on. @throws TreadleError PAYLOAD_BAD_BODY | DISK_* */
  async receive(commitment: PayloadCommitment, body: Uint8Array): Promise<void> {
    await this.options.store.putBody(commitment, body);
    this.options.exchange.spread(commitment);
  }

  /** A pooled transaction that committed to this body left the pool without a block. */
  release({ root }: PayloadCommitment): void {
    if (!this.unexpect(root)) return;
    this.readiness.forget(root);
    const { store, exchange, environment } = this.options;
    if (store.isKept(root) || store.isWanted(root)) return;
    exchange.release(root);
    store.forget(root).catch((error: unknown) => environment.log.error('payload-not-forgotten', { root, reason: String(error) }));
  }

  /** A block that refers to this body is pruned: it goes, unless a block from `firstBlock` on or a pooled transaction needs it. */
  async prune(root: Hex, firstBlock: number): Promise<void> {
    const { store, exchange } = this.options;
    if (this.expected.has(root) || (store.referredAt(root) ?? 0) >= firstBlock) return;
    exchange.release(root);
    await store.forget(root);
  }

  /** Notes, durably, that a block refers to these bodies; before the block itself is written. */
  async refer(commitments: readonly PayloadCommitment[], height: number): Promise<void> {
    await this.options.store.refer(commitments, height);
  }

  /** The block with these bodies is durable; `pooled` of its transactions leave the pool with it. */
  decide(commitments: readonly PayloadCommitment[], pooled: readonly PayloadCommitment[], height: number): void {
    for (const { root } of pooled) this.unexpect(root);
    for (const commitment of commitments) {
      const { root } = commitment;
      this.readiness.forget(root);
      this.decided.push({ commitment, height });
      this.wantUnoffered(commitment);
    }
    const old = this.decided.filter((one) => one.height <= height - PAYLOAD_RELEASE_BLOCKS);
    if (old.length === 0) return;
    this.decided = this.decided.filter((one) => one.height > height - PAYLOAD_RELEASE_BLOCKS);
    for (const { commitment } of old) {
      if (this.expected.has(commitment.root)) continue;
      this.options.exchange.release(commitment.root);
      if (!this.holds(commitment.root)) this.fetcher.want(commitment);
    }
  }

  /**
   * Waits until the bodies are held: a sealer votes only for what it holds.
   * @throws TreadleError LEDGER_BODIES_MISSING when no peer delivers them in time; nobody is to blame for it
   */
  async obtain(commitments: readonly PayloadCommitment[], from: NodeId): Promise<void> {
    const { clock, network } = this.options.environment;
    const absent = commitments.filter(({ root }) => !this.holds(root));
    const began = clock.now();
    const others = this.options.peers().filter((peer) => peer !== from);
    const peers = from === network.self ? others : [from, ...others];
    const outcomes = await Promise.allSettled(absent.map((commitment) => this.options.exchange.obtain(commitment, peers)));
    this.readiness.noteWait(clock.now() - began);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of failed) if (!hasCode(reason, 'PAYLOAD_MISSING')) throw reason;
    if (failed.length === 0) return;
    throw new TreadleError('LEDGER_BODIES_MISSING', {
      detail: `${failed.length} of ${commitments.length} bodies of payload transactions could not be fetched`,
      data: { absent: failed.length },
    });
  }

  /** Begins the choice of a block's payload transactions. */
  choice(options: { readonly young: boolean }): PayloadChoice {
    return this.readiness.choice(options);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== undefined) this.options.environment.clock.cancel(this.timer);
    this.fetcher.close();
    await this.options.exchange.close();
    await this.options.store.close();
  }

  private held(root: Hex): void {
    this.readiness.noteHeld(root);
    if (this.expected.has(root)) this.options.onHeld(root);
  }

  /** Fetches a body, unless somebody has offered it: who did sends it in its turn, and fetched it would come twice. */
  private wantUnoffered(commitment: PayloadCommitment): void {
    const { root } = commitment;
    if (!this.holds(root) && !this.options.exchange.isOffered(root)) this.fetcher.want(commitment);
  }

  /** One transaction less commits to it; true when none is left. */
  private unexpect(root: Hex): boolean {
    const known = this.expected.get(root);
    if (known === undefined) return false;
    known.transactions -= 1;
    if (known.transactions > 0) return false;
    this.expected.delete(root);
    return true;
  }

  /** Looks after bodies that have not been pushed here: first they are asked for, in the end given up. */
  private watch(): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = this.options.environment.clock.set(
      PAYLOAD_PULL_AFTER_MICROS,
      () => {
        this.timer = undefined;
        this.look();
      },
      'bodies of pooled transactions',
    );
  }

  private look(): void {
    const now = this.options.environment.clock.now();
    let absent = 0;
    for (const [root, { commitment, since }] of [...this.expected]) {
      if (this.holds(root)) continue;
      if (now - since >= PAYLOAD_ABSENT_MICROS_MAX) {
        this.options.onAbsent(root);
        continue;
      }
      absent += 1;
      if (now - since >= PAYLOAD_PULL_AFTER_MICROS) this.wantUnoffered(commitment);
    }
    if (absent > 0) this.watch();
  }
}
